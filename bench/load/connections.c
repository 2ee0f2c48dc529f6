// Opening, watching, feeding and checking connections.
//
// The payload is a long repeating sequence in which no two neighbouring messages are equal, and
// every connection starts at another place in it: a byte that is lost, doubled, displaced or sent to
// the wrong connection is seen.

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
#include <time.h>

#define EVENTS 512
#define BATCH 64 // connections opened at once: fewer than the smallest backlog among the servers
#define SOURCES 64 // local addresses to rotate through, so that ports do not run short
#define OPEN_TIMEOUT_S 10
#define PATIENCE_S 5 // how much longer a window may be if nothing is done in it

Connection *connections;
static int epoll;
static uint8_t *pattern;
static uint64_t period;

void prepare_connections(void) {
  connections = reserve((size_t)options.connections, sizeof *connections);
  epoll = epoll_create1(0);
  if (epoll < 0) fail("Cannot make an epoll set: %s", strerror(errno));
  // Odd, so that powers of two on the way do not line up with it.
  period = ((65536 / (uint64_t)options.size + 3) | 1) * (uint64_t)options.size;
  pattern = reserve(1, period + MAX_CHUNK);
  uint64_t state = 88172645463325252ULL;
  for (uint64_t i = 0; i < period; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    pattern[i] = (uint8_t)(state >> 24);
  }
  // The first bytes once more after the end: any chunk is one piece of memory.
  for (uint64_t i = 0; i < MAX_CHUNK; i++) pattern[period + i] = pattern[i % period];
}

static const uint8_t *payload_at(const Connection *connection, uint64_t offset) {
  return pattern + (connection->base + offset) % period;
}

static void check(const Connection *connection, const uint8_t *data, size_t length) {
  const uint8_t *expected = payload_at(connection, connection->received);
  if (memcmp(expected, data, length) == 0) return;
  size_t at = 0;
  while (expected[at] == data[at]) at++;
  wrong("byte %lu of the answer is 0x%02x, expected 0x%02x",
        (unsigned long)(connection->received + at), data[at], expected[at]);
}

// Connects a new socket; the number chooses its local address and its place in the payload.
void connect_to_server(Connection *connection, int number) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  if (fd < 0) fail("Cannot open a socket: %s", strerror(errno));
  struct timeval timeout = {.tv_sec = OPEN_TIMEOUT_S};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  struct sockaddr_in local = {.sin_family = AF_INET}, remote = local;
  local.sin_addr.s_addr = htonl(0x7f000100u + 1 + (uint32_t)(number % SOURCES));
  if (bind(fd, (struct sockaddr *)&local, sizeof local) != 0)
    fail("Cannot bind a local address: %s", strerror(errno));
  remote.sin_port = htons((uint16_t)options.port);
  remote.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, (struct sockaddr *)&remote, sizeof remote) != 0)
    fail("Cannot connect to port %d: %s", options.port, strerror(errno));
  *connection = (Connection){.fd = fd, .base = (uint64_t)number * 7 * (uint64_t)options.size};
}

// From now on the socket does not block, and attend() serves it.
void watch(Connection *connection) {
  fcntl(connection->fd, F_SETFL, fcntl(connection->fd, F_GETFL) | O_NONBLOCK);
  // Edge-triggered for both directions: no further system call is needed to change interest.
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
  event.data.ptr = connection;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event) != 0)
    fail("Cannot watch a connection: %s", strerror(errno));
}

// Opens and watches all of them, each with a whole message there and back: only then has the
// server accepted it.
void open_connections(void) {
  for (int start = 0; start < options.connections; start += BATCH) {
    int end = start + BATCH < options.connections ? start + BATCH : options.connections;
    for (int i = start; i < end; i++) {
      connect_to_server(&connections[i], i);
      send_until(&connections[i], (uint64_t)options.size);
    }
    for (int i = start; i < end; i++) {
      size_t n;
      while (answers_on(&connections[i]) == 0)
        if (!receive_some(&connections[i], true, &n)) fail("Cannot get the first answer: timed out");
      watch(&connections[i]);
    }
  }
}

// Serves what is ready, or what is first within the time.
void attend(double seconds, Serve *serve) {
  struct epoll_event events[EVENTS];
  if (seconds < 0) seconds = 0;
  struct timespec timeout = {.tv_sec = (time_t)seconds};
  timeout.tv_nsec = (long)((seconds - (double)timeout.tv_sec) * 1e9);
  int count = epoll_pwait2(epoll, events, EVENTS, &timeout, NULL);
  if (count < 0 && errno == ENOSYS) // an older system: waits end a millisecond late at most
    count = epoll_wait(epoll, events, EVENTS, seconds > 0 ? 1 : 0);
  for (int i = 0; i < count; i++) serve(events[i].data.ptr);
}

// Runs for a time, and longer if nothing is done by then: other programs may have had the core.
void run(double seconds, Serve *serve, const uint64_t *done, uint64_t enough) {
  uint64_t before = *done;
  double start = seconds_now(), end = start + seconds;
  for (double now = start; (now < end || *done == before) && *done < enough; now = seconds_now()) {
    if (now > end + PATIENCE_S) fail("Cannot measure: no answer within %.1f s", now - start);
    attend(now < end ? end - now : 0.01, serve);
  }
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

// Receives once; false: nothing was there.
bool receive_some(Connection *connection, bool checking, size_t *count) {
  for (;;) {
    ssize_t n = recv(connection->fd, scratch, MAX_CHUNK, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return false;
    if (n <= 0) fail("Cannot receive: %s", n == 0 ? "the server closed" : strerror(errno));
    if (checking) check(connection, scratch, (size_t)n);
    connection->received += (uint64_t)n;
    if (connection->received > connection->sent) wrong("more bytes came back than were sent");
    *count = (size_t)n;
    return true;
  }
}

uint64_t answers_on(const Connection *connection) {
  return connection->received / (uint64_t)options.size;
}
