// The load generator: one epoll loop on one core, the same for every server.
//
//   load --mode echo --port 4000 --connections 50 --size 64 --depth 16 --pid 123
//
// It checks the answers byte by byte (always while warming up, and always for messages up to 4 KiB),
// measures its own CPU time and that of the server's processes over the same window, and prints one
// JSON object a line: {"event": "held" …} where it waits for a word on standard input, and
// {"event": "result" …} at the end. Exit status: 0 done, 1 failed, 3 the server answered wrongly.

#include "load.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

Options options = {
    .mode = "echo", .host = "127.0.0.1", .connections = 1, .size = 64, .depth = 1, .messages = 1,
    .rate = 1000, .total = 1 << 30, .warmup_ms = 200, .duration_ms = 1000,
};
uint8_t *scratch;

static long number(const char *name, const char *text, long low, long high) {
  char *end;
  long value = strtol(text, &end, 10);
  if (*text == '\0' || *end != '\0' || value < low || value > high)
    fail("Cannot read %s: value is %s, expected %ld to %ld", name, text, low, high);
  return value;
}

static void read_pids(char *text) {
  for (char *part = strtok(text, ","); part != NULL; part = strtok(NULL, ",")) {
    if (options.pid_count == MAX_PIDS) fail("Cannot read --pid: more than %d given", MAX_PIDS);
    options.pids[options.pid_count++] = (int)number("--pid", part, 1, 1L << 30);
  }
}

static void read_options(int argc, char **argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const char *name = argv[i];
    char *value = argv[i + 1];
    if (!strcmp(name, "--mode")) options.mode = value;
    else if (!strcmp(name, "--host")) options.host = value;
    else if (!strcmp(name, "--port")) options.port = (int)number(name, value, 1, 65535);
    else if (!strcmp(name, "--connections")) options.connections = (int)number(name, value, 1, 100000);
    else if (!strcmp(name, "--size")) options.size = (int)number(name, value, 1, MAX_CHUNK);
    else if (!strcmp(name, "--depth")) options.depth = (int)number(name, value, 1, 1024);
    else if (!strcmp(name, "--payload")) options.lines = !strcmp(value, "lines");
    else if (!strcmp(name, "--sources")) options.sources = (int)number(name, value, 0, 250);
    else if (!strcmp(name, "--messages")) options.messages = (int)number(name, value, 1, 1000000);
    else if (!strcmp(name, "--rate")) options.rate = (double)number(name, value, 1, 100000000);
    else if (!strcmp(name, "--total")) options.total = (uint64_t)number(name, value, 1, 1L << 40);
    else if (!strcmp(name, "--warmup")) options.warmup_ms = (int)number(name, value, 0, 600000);
    else if (!strcmp(name, "--duration")) options.duration_ms = (int)number(name, value, 1, 600000);
    else if (!strcmp(name, "--pid")) read_pids(value);
    else fail("Cannot read options: %s is unknown", name);
  }
  if (argc % 2 == 0) fail("Cannot read options: %s has no value", argv[argc - 1]);
  if (options.port == 0) fail("Cannot read options: --port is missing");
}

static void allow_many_files(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < (rlim_t)options.connections + 16)
      fail("Cannot open %d connections: at most %lu files may be open", options.connections,
           (unsigned long)limit.rlim_cur);
  }
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  read_options(argc, argv);
  allow_many_files();
  scratch = malloc(MAX_CHUNK);
  if (scratch == NULL) fail("Cannot reserve memory: %d bytes", MAX_CHUNK);
  payload_init();
  if (!strcmp(options.mode, "echo")) run_echo(false);
  else if (!strcmp(options.mode, "stream")) run_echo(true);
  else if (!strcmp(options.mode, "once")) run_once();
  else if (!strcmp(options.mode, "idle")) run_idle();
  else if (!strcmp(options.mode, "flood")) run_flood();
  else if (!strcmp(options.mode, "rate")) run_rate();
  else fail("Cannot start: mode is %s", options.mode);
  return 0;
}
