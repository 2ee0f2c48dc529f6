// Modes datagrams and flood: UDP over one socket.
//
// datagrams keeps `depth` datagrams outstanding, each with a number in its first bytes, and compares
// what comes back; one without an answer within 100 ms counts as lost and is replaced. flood sends
// 1 KiB datagrams as fast as it can; what arrived is asked of the server, with a datagram of one byte.

#include "load.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 100
#define TRIES 50

static uint64_t number; // of the next datagram

static int open_udp(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
    fail("Cannot open a socket for datagrams");
  int size = 4 * 1024 * 1024;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  return fd;
}

static void fill(uint8_t *data, uint64_t seed) {
  memcpy(data, &seed, sizeof seed);
  for (int i = sizeof seed; i < options.size; i++) data[i] = (uint8_t)(seed + (uint64_t)i);
}

static void send_next(int fd) {
  fill(scratch, number++);
  if (send(fd, scratch, (size_t)options.size, 0) < 0) fail("Cannot send a datagram");
}

static bool wait_for(int fd, int milliseconds) {
  struct pollfd one = {.fd = fd, .events = POLLIN};
  return poll(&one, 1, milliseconds) > 0;
}

static void check(const uint8_t *data, ssize_t length) {
  uint64_t seed;
  if (length != options.size) wrong("a datagram of %d bytes came back with %zd", options.size, length);
  memcpy(&seed, data, sizeof seed);
  fill(scratch + options.size, seed);
  if (seed >= number || memcmp(data, scratch + options.size, (size_t)length) != 0)
    wrong("a datagram came back changed");
}

static uint64_t exchange(int fd, double seconds) {
  uint64_t done = 0;
  int silent = 0;
  for (double end = seconds_now() + seconds; seconds_now() < end || done == 0;) {
    if (!wait_for(fd, PATIENCE_MS)) {
      if (++silent > TRIES) fail("Cannot measure: no answer within %d ms", TRIES * PATIENCE_MS);
      for (int i = 0; i < options.depth; i++) send_next(fd);
      continue;
    }
    uint8_t *answer = scratch + 2 * options.size;
    ssize_t length = recv(fd, answer, MAX_CHUNK / 2, 0);
    if (length < 0) fail("Cannot receive a datagram");
    check(answer, length);
    done++;
    send_next(fd);
  }
  return done;
}

void run_datagrams(void) {
  if (options.size < 8 || options.size > 2048) fail("Cannot start: --size is not in 8 to 2048");
  int fd = open_udp();
  for (int i = 0; i < options.depth; i++) send_next(fd);
  exchange(fd, options.warmup_ms / 1000.0);
  Clocks from = read_clocks();
  uint64_t done = exchange(fd, options.duration_ms / 1000.0);
  Clocks to = read_clocks();
  report(&from, &to, (double)done);
}

// How many datagrams of the flood have arrived.
static uint64_t arrived(int fd) {
  char text[32];
  for (int i = 0; i < TRIES; i++) {
    if (send(fd, "?", 1, 0) < 0) fail("Cannot send a datagram");
    if (!wait_for(fd, PATIENCE_MS)) continue;
    ssize_t length = recv(fd, text, sizeof text - 1, 0);
    if (length < 0) fail("Cannot receive a datagram");
    text[length] = '\0';
    return strtoull(text, NULL, 10);
  }
  fail("Cannot measure: the server does not say how many datagrams arrived");
}

static void flood(int fd, double seconds) {
  for (double end = seconds_now() + seconds; seconds_now() < end;) send_next(fd);
}

void run_flood(void) {
  int fd = open_udp();
  flood(fd, options.warmup_ms / 1000.0);
  uint64_t before = arrived(fd);
  Clocks from = read_clocks();
  flood(fd, options.duration_ms / 1000.0);
  uint64_t after = arrived(fd);
  Clocks to = read_clocks();
  if (after <= before) fail("Cannot measure: no datagram arrived");
  report(&from, &to, (double)(after - before));
}
