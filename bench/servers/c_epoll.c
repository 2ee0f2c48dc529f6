// The limit: an echo server in C on one epoll loop, with back-pressure and one buffer for all.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK (64 * 1024)
#define EVENTS 512

// What a short send left over; NULL for nearly every connection nearly always.
typedef struct {
  size_t start, length;
  uint8_t bytes[];
} Rest;

static Rest **rests; // by file descriptor
static int epoll;
static uint8_t chunk[CHUNK];

static void interest(int fd, int operation, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  epoll_ctl(epoll, operation, fd, &event);
}

static void drop(int fd) {
  free(rests[fd]);
  rests[fd] = NULL;
  close(fd);
}

static void keep(int fd, const uint8_t *bytes, size_t length) {
  Rest *rest = malloc(sizeof *rest + length);
  if (rest == NULL) abort();
  rest->start = 0;
  rest->length = length;
  memcpy(rest->bytes, bytes, length);
  rests[fd] = rest;
  interest(fd, EPOLL_CTL_MOD, EPOLLOUT); // and no more reading until it is out
}

static void echo(int fd) {
  ssize_t n = recv(fd, chunk, CHUNK, 0);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) return drop(fd);
  ssize_t sent = send(fd, chunk, (size_t)n, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return drop(fd);
  if (sent < 0) sent = 0;
  if (sent < n) keep(fd, chunk + sent, (size_t)(n - sent));
}

static void send_rest(int fd) {
  Rest *rest = rests[fd];
  ssize_t sent = send(fd, rest->bytes + rest->start, rest->length - rest->start, MSG_NOSIGNAL);
  if (sent < 0 && errno == EAGAIN) return;
  if (sent < 0) return drop(fd);
  rest->start += (size_t)sent;
  if (rest->start < rest->length) return;
  free(rest);
  rests[fd] = NULL;
  interest(fd, EPOLL_CTL_MOD, EPOLLIN);
}

static void accept_all(int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    interest(fd, EPOLL_CTL_ADD, EPOLLIN);
  }
}

int main(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  rests = calloc(limit.rlim_cur, sizeof *rests);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (rests == NULL || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(listener, 1024) != 0 ||
      getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
    perror("Cannot listen");
    return 1;
  }
  epoll = epoll_create1(0);
  interest(listener, EPOLL_CTL_ADD, EPOLLIN);
  printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(epoll, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) accept_all(listener);
      else if (rests[fd] != NULL) send_rest(fd);
      else echo(fd);
    }
  }
}
