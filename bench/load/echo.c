// Modes echo, stream and idle: connections that stay open.
//
// echo keeps `depth` messages outstanding on each connection for a while; stream moves a given
// number of bytes as fast as both directions go; idle has one message echoed on each connection and
// then does nothing. What is measured starts after a warm-up under the same load, without a pause.
//
// With one message outstanding on each connection echo tells latencies too. A message without an
// answer at the end counts with the time that it has waited until then.

#include "load.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define ALWAYS_CHECKED 4096 // messages up to this size are compared in the measured window too

static bool endless;       // stream: sends as much as the sockets take
static bool timed;         // whether to note latencies
static bool checking = true;
static bool measuring;
static uint64_t received; // over all connections, in bytes

static void send_next(Connection *connection) {
  uint64_t messages = answers_on(connection) + (uint64_t)options.depth;
  send_until(connection, endless ? UINT64_MAX : messages * (uint64_t)options.size);
}

static void serve(Connection *connection) {
  uint64_t answered = answers_on(connection);
  size_t n = MAX_CHUNK;
  while (n == MAX_CHUNK && receive_some(connection, checking, &n)) received += n;
  if (timed && answers_on(connection) > answered) {
    double now = seconds_now();
    if (measuring) record_latency(now - connection->asked);
    connection->asked = now;
  }
  send_next(connection);
}

void run_echo(bool is_stream) {
  endless = is_stream;
  timed = !is_stream && options.depth == 1;
  open_connections();
  for (int i = 0; i < options.connections; i++) {
    connections[i].asked = seconds_now();
    send_next(&connections[i]);
  }
  run(options.warmup_ms / 1000.0, serve, &received, UINT64_MAX);
  checking = !is_stream && options.size <= ALWAYS_CHECKED;
  measuring = true;
  uint64_t before = received;
  Clocks from = read_clocks();
  run(options.duration_ms / 1000.0, serve, &received, is_stream ? before + options.total : UINT64_MAX);
  Clocks to = read_clocks();
  uint64_t bytes = received - before;
  for (int i = 0; timed && i < options.connections; i++)
    record_unanswered(to.wall - connections[i].asked);
  if (is_stream && bytes < options.total)
    fail("Cannot finish: %lu of %lu bytes within %d ms", (unsigned long)bytes,
         (unsigned long)options.total, options.duration_ms);
  report(&from, &to, (double)bytes / options.size);
}

void run_idle(void) {
  Clocks from = read_clocks();
  open_connections();
  Clocks to = read_clocks();
  hold();
  for (int i = 0; i < options.connections; i++) {
    char byte;
    ssize_t n = recv(connections[i].fd, &byte, 1, MSG_PEEK);
    if (n == 0) fail("Cannot hold connection %d: the server closed it", i);
    if (n > 0) wrong("an idle connection got a byte that was not sent");
    if (errno != EAGAIN) fail("Cannot hold connection %d: %s", i, strerror(errno));
  }
  report(&from, &to, options.connections);
}
