// Latencies, as modes rate and echo record them.

#include "load.h"

// A log-linear histogram of microseconds: 64 steps for each power of two, so within 1.6 %.
#define STEPS 64
#define POWERS 40
static uint64_t histogram[POWERS * STEPS];
static uint64_t samples, unanswered;
static double slowest;

static int bucket_of(double microseconds) {
  uint64_t tenths = (uint64_t)(microseconds * 10);
  if (tenths < STEPS) return (int)tenths;
  int power = 63 - __builtin_clzll(tenths) - 5; // STEPS is 2^6; 1 for the first power above it
  int bucket = power * STEPS / 2 + (int)(tenths >> power);
  return bucket < POWERS * STEPS ? bucket : POWERS * STEPS - 1;
}

static double value_of(int bucket) {
  if (bucket < STEPS) return bucket / 10.0;
  int power = (bucket - STEPS / 2) / (STEPS / 2);
  uint64_t mantissa = (uint64_t)(bucket - power * STEPS / 2);
  return ((double)(mantissa << power) + (double)(1ULL << power) / 2) / 10.0;
}

void record_latency(double seconds) {
  double microseconds = seconds > 0 ? seconds * 1e6 : 0;
  histogram[bucket_of(microseconds)]++;
  samples++;
  if (microseconds > slowest) slowest = microseconds;
}

void record_unanswered(double seconds) {
  unanswered++;
  record_latency(seconds);
}

static double percentile(double share) {
  uint64_t rank = (uint64_t)(share * (double)samples), seen = 0;
  for (int i = 0; i < POWERS * STEPS; i++) {
    seen += histogram[i];
    if (seen > rank) return value_of(i);
  }
  return slowest;
}

void report_latencies(void) {
  if (samples == 0) return;
  report_number("unanswered", (double)unanswered);
  report_number("p50", percentile(0.5));
  report_number("p90", percentile(0.9));
  report_number("p99", percentile(0.99));
  report_number("p999", percentile(0.999));
  report_number("max", slowest);
}
