// What the parts of the load generator share: options, payload, connections, clocks, the report.
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_CHUNK (256 * 1024) // most that one send or recv moves, in bytes
#define MAX_PIDS 64

typedef struct {
  const char *mode;   // echo, stream, once, idle, flood, rate
  const char *host;   // an IPv4 address
  int port;
  int connections;
  int size;           // of one message, in bytes
  int depth;          // messages outstanding on each connection
  bool lines;         // printable messages that end with a line feed
  int sources;        // local addresses to rotate through, 0: let the system choose
  int messages;       // once: messages on each connection before it is closed
  double rate;        // rate: messages a second over all connections
  uint64_t total;     // stream: bytes to move; flood: most bytes to send on one connection
  int warmup_ms;
  int duration_ms;
  int pids[MAX_PIDS]; // the server's processes, whose CPU time is measured
  int pid_count;
} Options;

// One connection's place in the endless payload: byte k of what it sends is payload byte base + k.
typedef struct {
  int fd;
  bool blocked;      // a send came back short; wait until the socket is writable
  bool connecting;   // once: the connect has not finished
  uint64_t base;
  uint64_t sent;
  uint64_t received;
} Connection;

// CPU and wall time at one moment, in seconds.
typedef struct {
  double wall;
  double load_cpu;
  double server_cpu; // -1: unknown
} Clocks;

extern Options options;
extern uint8_t *scratch; // MAX_CHUNK bytes to receive into

// payload.c
void payload_init(void);
const uint8_t *payload_at(const Connection *connection, uint64_t offset);
void payload_check(const Connection *connection, const uint8_t *data, size_t length);

// connections.c
int open_socket(int index, int receive_buffer);
bool socket_connect(int fd);
void open_connections(Connection *list, int receive_buffer);
int watch(Connection *list, int count);
void watch_one(int epoll, Connection *connection, uint32_t index);
void send_until(Connection *connection, uint64_t target);
void close_connections(Connection *list);

// report.c
void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void wrong(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void announce(const char *event, uint64_t bytes);
void wait_for_word(void);
Clocks read_clocks(void);
double seconds_now(void);
void report_begin(const Clocks *from, const Clocks *to);
void report_count(const char *name, uint64_t value);
void report_number(const char *name, double value);
void report_end(void);

// the modes
void run_echo(bool stream);
void run_once(void);
void run_idle(void);
void run_flood(void);
void run_rate(void);

#endif
