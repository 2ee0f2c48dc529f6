// Mode rate: latency at a fixed rate, free of coordinated omission.
//
// Message k of the run is due at start + k / rate, on connection k mod N, whatever happened to the
// messages before it. Its latency counts from that moment, not from when it was sent: a server (or
// this program) that falls behind cannot slow the schedule down and so hide the wait. Messages that
// are still unanswered at the end count with the time they have waited until then.

#include "load.h"

#include <sys/prctl.h>

#define GRACE_S 2.0 // how long to wait for the last answers

static double start;        // when message 0 is due
static double measure_from; // messages due before this moment only warm up
static uint64_t due;        // messages that were handed to their connection
static uint64_t answered;

static double due_at(uint64_t message) { return start + (double)message / options.rate; }

// Message number `index` of a connection, counted over all of them.
static uint64_t message_of(const Connection *connection, uint64_t index) {
  return index * (uint64_t)options.connections + (uint64_t)(connection - connections);
}

// The first message of a connection that has no answer; one went before the schedule.
static uint64_t first_open(const Connection *connection) { return answers_on(connection) - 1; }

static void serve(Connection *connection) {
  uint64_t index = first_open(connection);
  size_t n = MAX_CHUNK;
  while (n == MAX_CHUNK && receive_some(connection, true, &n)) {
    double now = seconds_now();
    for (; index < first_open(connection); index++, answered++) {
      double asked = due_at(message_of(connection, index));
      if (asked >= measure_from) record_latency(now - asked);
    }
  }
  if (!connection->blocked) return;
  while (message_of(connection, index) < due) index++;
  send_until(connection, (index + 1) * (uint64_t)options.size);
}

static void run_until(double end) {
  for (double now = seconds_now(); now < end; now = seconds_now()) {
    while (due_at(due) <= now) {
      uint64_t index = due / (uint64_t)options.connections;
      Connection *connection = &connections[due++ % (uint64_t)options.connections];
      send_until(connection, (index + 2) * (uint64_t)options.size);
    }
    attend(due_at(due) - seconds_now(), serve);
  }
}

// Waits for the last answers; what is still owed then counts with its wait so far.
static void settle(void) {
  double end = seconds_now() + GRACE_S;
  while (answered < due && seconds_now() < end) attend(0.01, serve);
  double now = seconds_now();
  for (int i = 0; i < options.connections; i++) {
    uint64_t index = first_open(&connections[i]);
    for (; message_of(&connections[i], index) < due; index++) {
      double asked = due_at(message_of(&connections[i], index));
      if (asked >= measure_from) record_unanswered(now - asked);
    }
  }
}

void run_rate(void) {
  prctl(PR_SET_TIMERSLACK, 1UL); // sleep to the nanosecond, not to the nearest 50 microseconds
  open_connections();
  start = seconds_now();
  measure_from = start + options.warmup_ms / 1000.0;
  run_until(measure_from);
  Clocks from = read_clocks();
  uint64_t before = answered;
  run_until(measure_from + options.duration_ms / 1000.0);
  Clocks to = read_clocks();
  uint64_t done = answered - before;
  settle();
  report(&from, &to, (double)done);
}
