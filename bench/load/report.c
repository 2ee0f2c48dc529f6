// Clocks and the JSON lines.

#include "load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void complain(const char *event, const char *format, va_list arguments) {
  char text[512];
  vsnprintf(text, sizeof text, format, arguments);
  for (char *c = text; *c; c++)
    if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ') *c = '\'';
  printf("{\"event\":\"%s\",\"message\":\"%s\"}\n", event, text);
  fflush(stdout);
}

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  complain("failed", format, arguments);
  va_end(arguments);
  exit(1);
}

void wrong(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  complain("wrong", format, arguments);
  va_end(arguments);
  exit(3);
}

void announce(const char *event, uint64_t bytes) {
  printf("{\"event\":\"%s\",\"bytes\":%llu}\n", event, (unsigned long long)bytes);
  fflush(stdout);
}

// Blocks until the harness sends a byte or goes away.
void wait_for_word(void) {
  char byte;
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
  clocks.server_cpu = options.pid_count > 0 ? 0 : -1;
  for (int i = 0; i < options.pid_count; i++) {
    // A process's CPU clock: user and system time of all its threads, ended ones too, in
    // nanoseconds. /proc/PID/stat tells the same in ticks of 10 ms.
    clockid_t clock;
    double seconds = -1;
    if (clock_getcpuclockid(options.pids[i], &clock) == 0) seconds = seconds_of(clock);
    if (seconds < 0) fail("Cannot measure the server: process %d is gone", options.pids[i]);
    clocks.server_cpu += seconds;
  }
  return clocks;
}

void report_begin(const Clocks *from, const Clocks *to) {
  printf("{\"event\":\"result\"");
  report_number("seconds", to->wall - from->wall);
  report_number("loadCpuSeconds", to->load_cpu - from->load_cpu);
  if (from->server_cpu >= 0) report_number("serverCpuSeconds", to->server_cpu - from->server_cpu);
}

void report_count(const char *name, uint64_t value) {
  printf(",\"%s\":%llu", name, (unsigned long long)value);
}

void report_number(const char *name, double value) { printf(",\"%s\":%.9f", name, value); }

void report_end(void) {
  printf("}\n");
  fflush(stdout);
}
