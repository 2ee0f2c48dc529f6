// Mode once: connections that come and go. `connections` of them at a time; each connects, has
// `messages` messages echoed one after the other, closes, and the next one starts in its place.

#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 512
#define FIRST_S 10 // how long the warm-up may last until a first connection is finished

typedef struct {
  Connection *list;
  int epoll;
  int opened;      // connections started so far; also chooses the local address
  uint64_t done;   // connections finished
} Churn;

static void start(Churn *churn, uint32_t index) {
  Connection *connection = &churn->list[index];
  int number = churn->opened++;
  *connection = (Connection){.fd = open_socket(number, 0), .connecting = true};
  connection->base = (uint64_t)number * 7 * (uint64_t)options.size;
  fcntl(connection->fd, F_SETFL, O_NONBLOCK);
  if (socket_connect(connection->fd)) connection->connecting = false;
  watch_one(churn->epoll, connection, index);
}

static void finish_connect(Connection *connection) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) fail("Cannot connect to %s:%d: %s", options.host, options.port, strerror(error));
  connection->connecting = false;
}

// Takes what came; true when the last answer is complete.
static bool receive(Connection *connection) {
  uint64_t size = (uint64_t)options.size;
  for (;;) {
    ssize_t n = recv(connection->fd, scratch, MAX_CHUNK, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return false;
    if (n <= 0) fail("Cannot receive: %s", n == 0 ? "the server closed" : strerror(errno));
    payload_check(connection, scratch, (size_t)n);
    connection->received += (uint64_t)n;
    if (connection->received > connection->sent) wrong("more bytes came back than were sent");
    return connection->received == size * (uint64_t)options.messages;
  }
}

static void serve(Churn *churn, uint32_t index, uint32_t events) {
  Connection *connection = &churn->list[index];
  if (connection->connecting) {
    if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) return;
    finish_connect(connection);
  }
  if ((events & ~(uint32_t)EPOLLOUT) && receive(connection)) {
    close(connection->fd);
    churn->done++;
    start(churn, index);
    return;
  }
  uint64_t size = (uint64_t)options.size;
  uint64_t next = connection->received / size + 1;
  if (next <= (uint64_t)options.messages) send_until(connection, next * size);
}

static void run(Churn *churn, double seconds) {
  struct epoll_event events[EVENTS];
  double end = seconds_now() + seconds;
  for (double now = seconds_now(); now < end; now = seconds_now()) {
    int count = epoll_wait(churn->epoll, events, EVENTS, (int)((end - now) * 1000) + 1);
    for (int i = 0; i < count; i++) serve(churn, events[i].data.u32, events[i].events);
  }
}

void run_once(void) {
  Churn churn = {.list = calloc((size_t)options.connections, sizeof(Connection))};
  if (churn.list == NULL) fail("Cannot reserve memory: %d connections", options.connections);
  churn.epoll = watch(churn.list, 0);
  for (int i = 0; i < options.connections; i++) start(&churn, (uint32_t)i);
  run(&churn, options.warmup_ms / 1000.0);
  for (double end = seconds_now() + FIRST_S; churn.done == 0 && seconds_now() < end;) run(&churn, 0.01);
  uint64_t before = churn.done;
  Clocks from = read_clocks();
  run(&churn, options.duration_ms / 1000.0);
  Clocks to = read_clocks();
  if (churn.done == before) fail("Cannot measure: none finished within %d ms", options.duration_ms);
  announce("held", 0); // the server's memory is read now, with these connections open
  wait_for_word();
  report_begin(&from, &to);
  report_count("connections", churn.done - before);
  report_count("messages", (churn.done - before) * (uint64_t)options.messages);
  report_count("opened", (uint64_t)churn.opened);
  report_end();
  close_connections(churn.list);
}
