// The payload: a long repeating sequence in which no two neighbouring messages are equal, so that
// a lost, doubled or displaced byte cannot go unseen. Every connection starts at another place in
// it, so that an answer given to the wrong connection is seen as well.

#include "load.h"

#include <stdlib.h>
#include <string.h>

static uint8_t *pattern;
static uint64_t period;

void payload_init(void) {
  uint64_t count = 65536 / (uint64_t)options.size + 3;
  count |= 1; // odd, so that powers of two on the way do not line up with it
  period = count * (uint64_t)options.size;
  pattern = malloc(period + MAX_CHUNK);
  if (pattern == NULL) fail("Cannot reserve memory: %lu bytes", (unsigned long)(period + MAX_CHUNK));
  uint64_t state = 88172645463325252ULL;
  for (uint64_t i = 0; i < period; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    bool last = (i + 1) % (uint64_t)options.size == 0;
    if (!options.lines) pattern[i] = (uint8_t)(state >> 24);
    else pattern[i] = last ? '\n' : (uint8_t)('a' + (state >> 24) % 26);
  }
  // The first bytes once more behind the end: any chunk is one piece of memory.
  for (uint64_t i = 0; i < MAX_CHUNK; i++) pattern[period + i] = pattern[i % period];
}

const uint8_t *payload_at(const Connection *connection, uint64_t offset) {
  return pattern + (connection->base + offset) % period;
}

void payload_check(const Connection *connection, const uint8_t *data, size_t length) {
  const uint8_t *expected = payload_at(connection, connection->received);
  if (memcmp(expected, data, length) == 0) return;
  size_t at = 0;
  while (expected[at] == data[at]) at++;
  wrong("byte %lu of the answer is 0x%02x, expected 0x%02x",
        (unsigned long)(connection->received + at), data[at], expected[at]);
}
