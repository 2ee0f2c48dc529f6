import { assertThrows } from "@std/assert";
import { checkTransportOptions } from "../../../transports/core/transport_options.ts";

Deno.test("checkTransportOptions() takes limits that can be meant", () => {
  checkTransportOptions({});
  checkTransportOptions({ writeBufferLimits: { high: 0 }, maxWriteBuffer: 0 });
  checkTransportOptions({ maxWriteBuffer: Infinity });
});

Deno.test("checkTransportOptions() throws RangeError with the value", () => {
  for (const maxWriteBuffer of [-1, NaN]) {
    assertThrows(
      () => checkTransportOptions({ maxWriteBuffer }),
      RangeError,
      `Cannot set maxWriteBuffer: ${maxWriteBuffer} is not a size in bytes`,
    );
  }
  assertThrows(
    () => checkTransportOptions({ writeBufferLimits: { high: 1, low: 2 } }),
    RangeError,
    "high (1) must be >= low (2)",
  );
});
