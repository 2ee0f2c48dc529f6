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
#include <sys/epoll.h>
#include <sys/socket.h>

#define ALWAYS_CHECKED 4096 // messages up to this size are compared in the measured window too

typedef struct {
  Connection *list;
  int epoll;
  bool stream;
  bool checking;
  bool timed;     // whether to note latencies
  bool measuring;
  uint64_t received; // over all connections, in bytes
} Load;

static uint64_t target_of(const Load *load, const Connection *connection) {
  if (load->stream) return UINT64_MAX;
  uint64_t size = (uint64_t)options.size;
  return (connection->received / size + (uint64_t)options.depth) * size;
}

// Notes the latency of the answer that has just come, and that the next message goes now.
static void note_answer(const Load *load, Connection *connection) {
  double now = seconds_now();
  if (load->measuring) record_latency(now - connection->asked);
  connection->asked = now;
}

// Runs until the time is over or the bytes are there, whichever is first.
static void run(Load *load, double seconds, uint64_t bytes) {
  struct epoll_event events[EVENTS];
  double end = seconds_now() + seconds;
  uint64_t enough = bytes == 0 ? UINT64_MAX : load->received + bytes;
  for (double now = seconds_now(); now < end && load->received < enough; now = seconds_now()) {
    int count = epoll_wait(load->epoll, events, EVENTS, (int)((end - now) * 1000) + 1);
    for (int i = 0; i < count; i++) {
      Connection *connection = &load->list[events[i].data.u32];
      uint64_t answered = connection->received / (uint64_t)options.size;
      size_t n = MAX_CHUNK;
      while (n == MAX_CHUNK && receive_some(connection, load->checking, &n)) load->received += n;
      if (load->timed && connection->received / (uint64_t)options.size > answered)
        note_answer(load, connection);
      send_until(connection, target_of(load, connection));
    }
  }
}

void run_echo(bool stream) {
  bool timed = !stream && options.depth == 1;
  Load load = {.stream = stream, .timed = timed, .checking = true, .list = open_connections()};
  load.epoll = watch(load.list, options.connections);
  for (int i = 0; i < options.connections; i++) {
    load.list[i].asked = seconds_now();
    send_until(&load.list[i], target_of(&load, &load.list[i]));
  }
  run(&load, options.warmup_ms / 1000.0, 0);
  load.checking = !stream && options.size <= ALWAYS_CHECKED;
  load.measuring = timed;
  uint64_t before = load.received;
  Clocks from = read_clocks();
  run(&load, options.duration_ms / 1000.0, stream ? options.total : 0);
  Clocks to = read_clocks();
  uint64_t bytes = load.received - before;
  for (int i = 0; timed && i < options.connections; i++)
    record_latency(to.wall - load.list[i].asked);
  if (bytes == 0) fail("Cannot measure: no answer within %d ms", options.duration_ms);
  if (stream && bytes < options.total)
    fail("Cannot finish: %lu of %lu bytes within %d ms", (unsigned long)bytes,
         (unsigned long)options.total, options.duration_ms);
  report_begin(&from, &to);
  report_count("bytes", bytes);
  report_number("messages", (double)bytes / options.size);
  if (timed) report_latencies();
  report_end();
}

void run_idle(void) {
  Clocks from = read_clocks();
  Connection *list = open_connections();
  Clocks to = read_clocks();
  hold();
  for (int i = 0; i < options.connections; i++) {
    char byte;
    ssize_t n = recv(list[i].fd, &byte, 1, MSG_PEEK);
    if (n == 0) fail("Cannot hold connection %d: the server closed it", i);
    if (n > 0) wrong("an idle connection got a byte that was not sent");
    if (errno != EAGAIN) fail("Cannot hold connection %d: %s", i, strerror(errno));
  }
  report_begin(&from, &to);
  report_count("connections", (uint64_t)options.connections);
  report_end();
}
