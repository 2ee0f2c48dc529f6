// Mode once: connections that come and go. `connections` of them at a time; each connects, has one
// message echoed, closes, and the next one starts in its place.

#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_S 10 // how long the warm-up may last until a first connection is finished

typedef struct {
  Connection *list;
  int epoll;
  int opened;    // connections started so far
  uint64_t done; // connections finished
} Churn;

static void start(Churn *churn, uint32_t index) {
  Connection *connection = &churn->list[index];
  struct sockaddr_in remote = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
  remote.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = open_socket(connection, churn->opened++);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  connection->connecting = connect(fd, (struct sockaddr *)&remote, sizeof remote) != 0;
  if (connection->connecting && errno != EINPROGRESS)
    fail("Cannot connect to port %d: %s", options.port, strerror(errno));
  watch_one(churn->epoll, connection, index);
}

static void finish_connect(Connection *connection) {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) fail("Cannot connect to port %d: %s", options.port, strerror(error));
  connection->connecting = false;
}

static void serve(Churn *churn, uint32_t index, uint32_t events) {
  Connection *connection = &churn->list[index];
  if (connection->connecting) {
    if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) return;
    finish_connect(connection);
  }
  send_until(connection, (uint64_t)options.size);
  size_t n = 0;
  while (connection->received < (uint64_t)options.size && receive_some(connection, true, &n)) {}
  if (connection->received < (uint64_t)options.size) return;
  close(connection->fd);
  churn->done++;
  start(churn, index);
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
  Churn churn = {.list = reserve((size_t)options.connections, sizeof(Connection))};
  churn.epoll = watch(churn.list, 0);
  for (int i = 0; i < options.connections; i++) start(&churn, (uint32_t)i);
  run(&churn, options.warmup_ms / 1000.0);
  for (double end = seconds_now() + FIRST_S; churn.done == 0 && seconds_now() < end;) run(&churn, 0.01);
  uint64_t before = churn.done;
  Clocks from = read_clocks();
  run(&churn, options.duration_ms / 1000.0);
  Clocks to = read_clocks();
  if (churn.done == before) fail("Cannot measure: none finished within %d ms", options.duration_ms);
  report_begin(&from, &to);
  report_count("connections", churn.done - before);
  report_end();
}
