// The load generator: one epoll loop on one core, the same for every server.
//
//   load --mode echo --port 4000 --connections 50 --size 64 --depth 16 --pid 123
//
// It compares the answers byte by byte, measures its own CPU time and that of the server's
// processes over the same window, and prints one JSON object a line: {"event": "held"} where it
// waits for a byte on standard input, and {"event": "result" ...} at the end. Exit status: 0 done,
// 1 failed, 3 the server answered wrongly.

#include "load.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

Options options = {
    .mode = "echo", .connections = 1, .size = 64, .depth = 1, .rate = 1000, .total = 1 << 30,
    .warmup_ms = 200, .duration_ms = 1000,
};
uint8_t *scratch;

void end_with(const char *event, int status, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  printf("{\"event\":\"%s\",\"message\":\"%s\"}\n", event, text);
  exit(status);
}

void *reserve(size_t count, size_t size) {
  void *memory = calloc(count, size);
  if (memory == NULL) fail("Cannot reserve memory: %zu times %zu bytes", count, size);
  return memory;
}

// Says that everything is in place to be looked at, and waits for a byte.
void hold(void) {
  char byte;
  printf("{\"event\":\"held\"}\n");
  fflush(stdout);
  if (read(STDIN_FILENO, &byte, 1) < 0) fail("Cannot read standard input");
}

static double seconds_of(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time) != 0) return -1;
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double seconds_now(void) { return seconds_of(CLOCK_MONOTONIC); }

Clocks read_clocks(void) {
  Clocks clocks = {.wall = seconds_now(), .load_cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID)};
  for (int i = 0; i < options.pid_count; i++) {
    // A process's CPU clock: user and system time of all its threads, in nanoseconds.
    clockid_t clock;
    double seconds = -1;
    if (clock_getcpuclockid(options.pids[i], &clock) == 0) seconds = seconds_of(clock);
    if (seconds < 0) fail("Cannot measure the server: process %d is gone", options.pids[i]);
    clocks.server_cpu += seconds;
  }
  return clocks;
}

void report_number(const char *name, double value) { printf(",\"%s\":%.9f", name, value); }

// Tells how long the window was, what it cost, and how many messages or connections were done.
void report(const Clocks *from, const Clocks *to, double done) {
  printf("{\"event\":\"result\"");
  report_number("seconds", to->wall - from->wall);
  report_number("loadCpuSeconds", to->load_cpu - from->load_cpu);
  report_number("serverCpuSeconds", to->server_cpu - from->server_cpu);
  report_number("done", done);
  report_latencies();
  printf("}\n");
}

static void read_pids(char *text) {
  for (char *part = strtok(text, ","); part != NULL; part = strtok(NULL, ",")) {
    if (options.pid_count == MAX_PIDS) fail("Cannot read --pid: more than %d given", MAX_PIDS);
    options.pids[options.pid_count++] = atoi(part);
  }
}

static void read_options(int argc, char **argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const char *name = argv[i];
    char *value = argv[i + 1];
    if (!strcmp(name, "--mode")) options.mode = value;
    else if (!strcmp(name, "--port")) options.port = atoi(value);
    else if (!strcmp(name, "--connections")) options.connections = atoi(value);
    else if (!strcmp(name, "--size")) options.size = atoi(value);
    else if (!strcmp(name, "--depth")) options.depth = atoi(value);
    else if (!strcmp(name, "--rate")) options.rate = atof(value);
    else if (!strcmp(name, "--total")) options.total = strtoull(value, NULL, 10);
    else if (!strcmp(name, "--warmup")) options.warmup_ms = atoi(value);
    else if (!strcmp(name, "--duration")) options.duration_ms = atoi(value);
    else if (!strcmp(name, "--pid")) read_pids(value);
    else fail("Cannot read options: %s is unknown", name);
  }
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  read_options(argc, argv);
  scratch = reserve(1, MAX_CHUNK);
  prepare_connections();
  if (!strcmp(options.mode, "echo")) run_echo(false);
  else if (!strcmp(options.mode, "stream")) run_echo(true);
  else if (!strcmp(options.mode, "once")) run_once();
  else if (!strcmp(options.mode, "idle")) run_idle();
  else if (!strcmp(options.mode, "rate")) run_rate();
  else if (!strcmp(options.mode, "datagrams")) run_datagrams();
  else if (!strcmp(options.mode, "flood")) run_flood();
  else fail("Cannot start: mode is %s", options.mode);
  return 0;
}
