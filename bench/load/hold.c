// Modes idle and flood: connections held while the harness looks at the server's memory.
//
// idle opens connections, has one message echoed on each and then does nothing. flood sends as
// much as the server takes and reads nothing; afterwards it reads, and every byte must come.

#include "load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define EVENTS 256
#define QUIET_MS 500          // nothing accepted for so long: the server has stopped reading
#define FLOOD_RECEIVE 65536   // a small receive buffer: the kernel shall not hide the bytes
#define DRAIN_S 30

void run_idle(void) {
  Connection *list = calloc((size_t)options.connections, sizeof *list);
  if (list == NULL) fail("Cannot reserve memory: %d connections", options.connections);
  Clocks from = read_clocks();
  open_connections(list, 0);
  Clocks to = read_clocks();
  announce("held", 0);
  wait_for_word();
  for (int i = 0; i < options.connections; i++) {
    char byte;
    ssize_t n = recv(list[i].fd, &byte, 1, MSG_PEEK);
    if (n == 0) fail("Cannot hold connection %d: the server closed it", i);
    if (n > 0) wrong("an idle connection got a byte that nobody sent");
    if (errno != EAGAIN) fail("Cannot hold connection %d: %s", i, strerror(errno));
  }
  report_begin(&from, &to);
  report_count("connections", (uint64_t)options.connections);
  report_end();
  close_connections(list);
}

static uint64_t sum_sent(const Connection *list) {
  uint64_t sum = 0;
  for (int i = 0; i < options.connections; i++) sum += list[i].sent;
  return sum;
}

// Sends until nobody takes more; a connection that the server gives up on counts as full.
static void fill(Connection *list, int epoll) {
  struct epoll_event events[EVENTS];
  double end = seconds_now() + options.duration_ms / 1000.0;
  for (int i = 0; i < options.connections; i++) send_until(&list[i], options.total);
  while (seconds_now() < end) {
    uint64_t before = sum_sent(list);
    int count = epoll_wait(epoll, events, EVENTS, QUIET_MS);
    if (count == 0) return;
    for (int i = 0; i < count; i++) {
      Connection *connection = &list[events[i].data.u32];
      if (events[i].events & (EPOLLERR | EPOLLHUP))
        fail("Cannot flood: the server broke the connection after %lu bytes",
             (unsigned long)connection->sent);
      if (events[i].events & EPOLLOUT) send_until(connection, options.total);
    }
    if (sum_sent(list) == before && before >= options.total * (uint64_t)options.connections) return;
  }
}

static uint64_t drain(Connection *list, int epoll) {
  struct epoll_event events[EVENTS];
  uint64_t sum = 0;
  double end = seconds_now() + DRAIN_S;
  for (int i = 0; i < options.connections; i++) watch_one(epoll, &list[i], (uint32_t)i);
  uint64_t expected = sum_sent(list);
  for (int i = 0; i < options.connections; i++) sum += list[i].received;
  while (sum < expected && seconds_now() < end) {
    int count = epoll_wait(epoll, events, EVENTS, 1000);
    for (int i = 0; i < count; i++) {
      Connection *connection = &list[events[i].data.u32];
      for (;;) {
        ssize_t n = recv(connection->fd, scratch, MAX_CHUNK, 0);
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) fail("Cannot receive: %s", n == 0 ? "the server closed" : strerror(errno));
        payload_check(connection, scratch, (size_t)n);
        connection->received += (uint64_t)n;
        sum += (uint64_t)n;
      }
    }
  }
  return sum;
}

void run_flood(void) {
  Connection *list = calloc((size_t)options.connections, sizeof *list);
  if (list == NULL) fail("Cannot reserve memory: %d connections", options.connections);
  open_connections(list, FLOOD_RECEIVE);
  Clocks from = read_clocks();
  fill(list, watch(list, options.connections));
  announce("held", sum_sent(list));
  wait_for_word();
  uint64_t received = drain(list, watch(list, 0));
  Clocks to = read_clocks();
  if (received != sum_sent(list)) wrong("%lu bytes came back, %lu were sent",
      (unsigned long)received, (unsigned long)sum_sent(list));
  report_begin(&from, &to);
  report_count("bytes", received);
  report_end();
  close_connections(list);
}
