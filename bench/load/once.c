// Mode once: connections that come and go. `connections` of them at a time; each connects, has one
// message echoed, closes, and the next one starts in its place.

#include "load.h"

#include <unistd.h>

static int opened;    // connections started so far
static uint64_t done; // connections finished

static void start(Connection *connection) {
  connect_to_server(connection, opened++);
  watch(connection);
  send_until(connection, (uint64_t)options.size);
}

static void serve(Connection *connection) {
  send_until(connection, (uint64_t)options.size);
  size_t n;
  while (answers_on(connection) == 0 && receive_some(connection, true, &n)) {}
  if (answers_on(connection) == 0) return;
  close(connection->fd);
  done++;
  start(connection);
}

void run_once(void) {
  for (int i = 0; i < options.connections; i++) start(&connections[i]);
  run(options.warmup_ms / 1000.0, serve, &done, UINT64_MAX);
  uint64_t before = done;
  Clocks from = read_clocks();
  run(options.duration_ms / 1000.0, serve, &done, UINT64_MAX);
  Clocks to = read_clocks();
  report(&from, &to, (double)(done - before));
}
