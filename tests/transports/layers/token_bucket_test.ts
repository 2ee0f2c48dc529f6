import { assertEquals, assertThrows } from "@std/assert";
import { TokenBucket } from "../../../transports/layers/token_bucket.ts";
import { ManualClock } from "../../support/time/manual_clock.ts";

Deno.test("TokenBucket lets a burst pass at once, and what follows at its rate", () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ rate: 1000, burst: 500, clock });
  assertEquals(bucket.reserve(500), 0);
  assertEquals(bucket.reserve(100), 100);
  assertEquals(bucket.reserve(100), 200);
  clock.advance(200);
  assertEquals(bucket.reserve(1), 1);
});

Deno.test("TokenBucket fills with time, up to its burst", () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ rate: 1000, burst: 500, clock });
  bucket.reserve(500);
  clock.advance(60_000);
  assertEquals([bucket.reserve(500), bucket.reserve(1)], [0, 1]);
});

Deno.test("TokenBucket.refund() puts back what did not pass", () => {
  const clock = new ManualClock();
  const bucket = new TokenBucket({ rate: 1000, burst: 500, clock });
  bucket.reserve(600);
  bucket.refund(100);
  assertEquals(bucket.reserve(10), 10);
});

Deno.test("TokenBucket holds a second's worth by default", () => {
  const bucket = new TokenBucket({ rate: 700 });
  assertEquals([bucket.rate, bucket.burst], [700, 700]);
});

Deno.test("TokenBucket throws RangeError for a rate or burst that lets nothing pass", () => {
  for (const rate of [0, -1, NaN]) {
    assertThrows(
      () => new TokenBucket({ rate }),
      RangeError,
      `Cannot make TokenBucket: rate ${rate} `,
    );
  }
  for (const burst of [0, 0.5, NaN]) {
    const make = () => new TokenBucket({ rate: 1, burst });
    assertThrows(make, RangeError, `Cannot make TokenBucket: burst ${burst} `);
  }
});
