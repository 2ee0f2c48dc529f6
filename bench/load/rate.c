// Mode rate: latency at a fixed rate, free of coordinated omission.
//
// Message k of the run is due at start + k / rate, on connection k mod N, whatever happened to the
// messages before it. Its latency counts from that moment, not from when it was sent: a server (or
// this program) that falls behind cannot slow the schedule down and so hide the wait. Messages that
// are still unanswered at the end count with the time they have waited until then.

#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>

#define GRACE_S 2.0 // how long to wait for the last answers

typedef struct {
  Connection *list;
  int epoll;
  double start;        // when message 0 is due
  double measure_from; // messages due before this moment only warm up
  uint64_t due;        // messages that were handed to their connection
  uint64_t answered;
} Schedule;

static double due_at(const Schedule *schedule, uint64_t message) {
  return schedule->start + (double)message / options.rate;
}

// The time at which answer number `index` of a connection was due to be asked for.
static double asked_at(const Schedule *schedule, const Connection *connection, uint64_t index) {
  uint64_t lane = (uint64_t)(connection - schedule->list);
  return due_at(schedule, index * (uint64_t)options.connections + lane);
}

static void receive(Schedule *schedule, Connection *connection) {
  uint64_t size = (uint64_t)options.size;
  size_t n = MAX_CHUNK;
  uint64_t first = connection->received / size - 1; // one message went before the schedule
  while (n == MAX_CHUNK && receive_some(connection, true, &n)) {
    uint64_t end = connection->received / size - 1;
    double now = seconds_now();
    for (; first < end; first++) {
      double asked = asked_at(schedule, connection, first);
      if (asked >= schedule->measure_from) record_latency(now - asked);
      schedule->answered++;
    }
  }
}

// Waits until the next message is due at most.
static void attend(Schedule *schedule, double seconds) {
  struct epoll_event events[EVENTS];
  if (seconds < 0) seconds = 0;
  struct timespec timeout = {.tv_sec = (time_t)seconds};
  timeout.tv_nsec = (long)((seconds - (double)timeout.tv_sec) * 1e9);
  int count = epoll_pwait2(schedule->epoll, events, EVENTS, &timeout, NULL);
  if (count < 0 && errno == ENOSYS) // an older system: waits end a millisecond late at most
    count = epoll_wait(schedule->epoll, events, EVENTS, seconds > 0 ? 1 : 0);
  for (int i = 0; i < count; i++) {
    Connection *connection = &schedule->list[events[i].data.u32];
    receive(schedule, connection);
    if (connection->blocked) {
      uint64_t lane = (uint64_t)(connection - schedule->list), lanes = (uint64_t)options.connections;
      uint64_t owed = schedule->due > lane ? (schedule->due - lane - 1) / lanes + 1 : 0;
      send_until(connection, (owed + 1) * (uint64_t)options.size);
    }
  }
}

static void run_until(Schedule *schedule, double end) {
  uint64_t size = (uint64_t)options.size, lanes = (uint64_t)options.connections;
  for (double now = seconds_now(); now < end; now = seconds_now()) {
    while (due_at(schedule, schedule->due) <= now) {
      Connection *connection = &schedule->list[schedule->due % lanes];
      uint64_t index = schedule->due++ / lanes;
      send_until(connection, (index + 2) * size); // and the message that opened the connection
    }
    attend(schedule, due_at(schedule, schedule->due) - seconds_now());
  }
}

// Waits for the last answers; what is still owed then counts with its wait so far.
static uint64_t settle(Schedule *schedule) {
  double end = seconds_now() + GRACE_S;
  while (schedule->answered < schedule->due && seconds_now() < end) attend(schedule, 0.01);
  double now = seconds_now();
  uint64_t size = (uint64_t)options.size, lanes = (uint64_t)options.connections, missing = 0;
  for (uint64_t lane = 0; lane < lanes; lane++) {
    Connection *connection = &schedule->list[lane];
    for (uint64_t i = connection->received / size - 1; i * lanes + lane < schedule->due; i++) {
      missing++;
      double asked = asked_at(schedule, connection, i);
      if (asked >= schedule->measure_from) record_latency(now - asked);
    }
  }
  return missing;
}

void run_rate(void) {
  prctl(PR_SET_TIMERSLACK, 1UL); // sleep to the nanosecond, not to the nearest 50 microseconds
  Schedule schedule = {.list = open_connections()};
  schedule.epoll = watch(schedule.list, options.connections);
  schedule.start = seconds_now();
  schedule.measure_from = schedule.start + options.warmup_ms / 1000.0;
  run_until(&schedule, schedule.measure_from);
  Clocks from = read_clocks();
  uint64_t before = schedule.answered;
  run_until(&schedule, schedule.measure_from + options.duration_ms / 1000.0);
  Clocks to = read_clocks();
  uint64_t answered = schedule.answered - before;
  uint64_t missing = settle(&schedule);
  report_begin(&from, &to);
  report_count("messages", answered);
  report_count("unanswered", missing);
  report_latencies();
  report_end();
}
