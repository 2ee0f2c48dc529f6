// Opening, watching, feeding and closing connections.

#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64 // connections opened at once: fewer than the smallest backlog among the servers
#define OPEN_TIMEOUT_S 10

// A new socket; the index chooses the local address, which multiplies the ports there are.
int open_socket(int index, int receive_buffer) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) fail("Cannot open a socket: %s", strerror(errno));
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (receive_buffer > 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  if (options.sources > 0) {
    struct sockaddr_in local = {.sin_family = AF_INET};
    local.sin_addr.s_addr = htonl(0x7f000100u + 1 + (uint32_t)(index % options.sources));
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&local, sizeof local) != 0)
      fail("Cannot bind a local address: %s", strerror(errno));
  }
  return fd;
}

// Starts or finishes a connect; false: it goes on in the background.
bool socket_connect(int fd) {
  struct sockaddr_in remote = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
  if (inet_pton(AF_INET, options.host, &remote.sin_addr) != 1)
    fail("Cannot connect: host is %s, expected an IPv4 address", options.host);
  if (connect(fd, (struct sockaddr *)&remote, sizeof remote) == 0) return true;
  if (errno == EINPROGRESS) return false;
  fail("Cannot connect to %s:%d: %s", options.host, options.port, strerror(errno));
}

// One whole message there and back on a blocking socket: only then has the server accepted it.
static void first_message(Connection *connection) {
  for (size_t got = 0; got < (size_t)options.size;) {
    ssize_t n = recv(connection->fd, scratch, (size_t)options.size - got, 0);
    if (n <= 0) fail("Cannot get the first answer: %s", n == 0 ? "closed" : strerror(errno));
    payload_check(connection, scratch, (size_t)n);
    connection->received += (uint64_t)n;
    got += (size_t)n;
  }
}

void open_connections(Connection *list, int receive_buffer) {
  struct timeval timeout = {.tv_sec = OPEN_TIMEOUT_S};
  for (int start = 0; start < options.connections; start += BATCH) {
    int end = start + BATCH < options.connections ? start + BATCH : options.connections;
    for (int i = start; i < end; i++) {
      list[i] = (Connection){.fd = open_socket(i, receive_buffer)};
      list[i].base = (uint64_t)i * 7 * (uint64_t)options.size;
      setsockopt(list[i].fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
      setsockopt(list[i].fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
      socket_connect(list[i].fd);
      ssize_t n = send(list[i].fd, payload_at(&list[i], 0), (size_t)options.size, MSG_NOSIGNAL);
      if (n != options.size) fail("Cannot send the first message: %s", strerror(errno));
      list[i].sent = (uint64_t)n;
    }
    for (int i = start; i < end; i++) {
      first_message(&list[i]);
      fcntl(list[i].fd, F_SETFL, fcntl(list[i].fd, F_GETFL) | O_NONBLOCK);
    }
  }
}

void watch_one(int epoll, Connection *connection, uint32_t index) {
  // Edge-triggered for both directions: no further system call is needed to change interest.
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
  event.data.u32 = index;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0)
    fail("Cannot watch a connection: %s", strerror(errno));
}

int watch(Connection *list, int count) {
  int epoll = epoll_create1(0);
  if (epoll < 0) fail("Cannot make an epoll set: %s", strerror(errno));
  for (int i = 0; i < count; i++) watch_one(epoll, &list[i], (uint32_t)i);
  return epoll;
}

// Sends the connection's payload up to the byte before target, or as much as the socket takes.
void send_until(Connection *connection, uint64_t target) {
  while (connection->sent < target) {
    size_t length = target - connection->sent < MAX_CHUNK ? target - connection->sent : MAX_CHUNK;
    ssize_t n = send(connection->fd, payload_at(connection, connection->sent), length, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN) fail("Cannot send: %s", strerror(errno));
    if (n > 0) connection->sent += (uint64_t)n;
    if (n < (ssize_t)length) {
      connection->blocked = true;
      return;
    }
  }
  connection->blocked = false;
}

void close_connections(Connection *list) {
  for (int i = 0; i < options.connections; i++) close(list[i].fd);
}
