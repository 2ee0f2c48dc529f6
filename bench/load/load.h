// What the parts of the load generator share: options, payload, connections, clocks, the report.
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_CHUNK (256 * 1024) // most that one send or recv moves, in bytes
#define MAX_PIDS 64

typedef struct {
  const char *mode;   // echo, stream, once, idle, rate, datagrams, flood
  int port;           // on 127.0.0.1
  int connections;    // open at the same time
  int size;           // of one message, in bytes
  int depth;          // echo: messages outstanding on each connection
  double rate;        // rate: messages a second over all connections
  uint64_t total;     // stream: bytes to move
  int warmup_ms;
  int duration_ms;    // of the measured window; stream: how long it may take
  int pids[MAX_PIDS]; // the server's processes, whose CPU time is measured
  int pid_count;
} Options;

// One connection's place in the endless payload: byte k of what it sends is payload byte base + k.
typedef struct {
  int fd;
  bool blocked; // a send came back short: wait until the socket is writable
  uint64_t base;
  uint64_t sent;
  uint64_t received;
  double asked; // echo with depth 1: when the message under way was sent
} Connection;

// CPU and wall time at one moment, in seconds.
typedef struct {
  double wall;
  double load_cpu;
  double server_cpu;
} Clocks;

extern Options options;
extern uint8_t *scratch;        // MAX_CHUNK bytes to receive into
extern Connection *connections; // as many as the options say

// Called for a connection that has data or room.
typedef void Serve(Connection *connection);

// connections.c
void prepare_connections(void);
void connect_to_server(Connection *connection, int number);
void watch(Connection *connection);
void open_connections(void);
void attend(double seconds, Serve *serve);
void run(double seconds, Serve *serve, const uint64_t *done, uint64_t enough);
void send_until(Connection *connection, uint64_t target);
bool receive_some(Connection *connection, bool checking, size_t *count);
uint64_t answers_on(const Connection *connection);

// main.c
#define fail(...) end_with("failed", 1, __VA_ARGS__)
#define wrong(...) end_with("wrong", 3, __VA_ARGS__)
void end_with(const char *event, int status, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));
void *reserve(size_t count, size_t size);
void hold(void);
Clocks read_clocks(void);
double seconds_now(void);
void report(const Clocks *from, const Clocks *to, double done);
void report_number(const char *name, double value);

// latency.c
void record_latency(double seconds);
void record_unanswered(double seconds);
void report_latencies(void);

// the modes
void run_echo(bool is_stream);
void run_once(void);
void run_idle(void);
void run_rate(void);
void run_datagrams(void);
void run_flood(void);

#endif
