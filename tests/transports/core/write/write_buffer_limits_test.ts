import { assertEquals, assertThrows } from "@std/assert";
import type { Transport } from "../../../../protocols/contract.ts";
import { memoryTransportPair } from "../../../../transports/memory_transport_pair.ts";

/** Gives `use` a transport with those limits. */
async function withLimits(
  writeBufferLimits: { readonly high?: number; readonly low?: number },
  use: (transport: Transport) => void,
): Promise<void> {
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}), { writeBufferLimits });
  use(a.transport);
  a.transport.close();
  await Promise.all([a.transport.closed, b.transport.closed]);
}

Deno.test("writeBufferLimits are filled in as asyncio does", async () => {
  const cases = [
    [{}, { high: 65_536, low: 16_384 }],
    [{ high: 7 }, { high: 7, low: 1 }],
    [{ low: 10 }, { high: 40, low: 10 }],
    [{ high: 0 }, { high: 0, low: 0 }],
    [{ high: 5, low: 5 }, { high: 5, low: 5 }],
    [{ high: Infinity, low: 0 }, { high: Infinity, low: 0 }],
  ];
  for (const [given = {}, expected] of cases) {
    await withLimits(given, (transport) => {
      assertEquals(transport.getWriteBufferLimits(), expected);
      transport.setWriteBufferLimits();
      assertEquals(transport.getWriteBufferLimits(), { high: 65_536, low: 16_384 });
      transport.setWriteBufferLimits(given);
      assertEquals(transport.getWriteBufferLimits(), expected);
    });
  }
});

Deno.test("setWriteBufferLimits() throws RangeError with both values, and keeps the old ones", () =>
  withLimits({ low: 3 }, (transport) => {
    for (const wrong of [{ high: 1, low: 2 }, { high: -1 }, { low: -1 }, { high: NaN }]) {
      assertThrows(() => transport.setWriteBufferLimits(wrong), RangeError);
    }
    assertThrows(
      () => transport.setWriteBufferLimits({ high: 1, low: 2 }),
      RangeError,
      "Cannot set write buffer limits: high (1) must be >= low (2) must be >= 0",
    );
    assertEquals(transport.getWriteBufferLimits(), { high: 12, low: 3 });
  }));

Deno.test("getWriteBufferLimits() gives a copy: a change of it concerns no connection", async () => {
  const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
  Object.assign(a.transport.getWriteBufferLimits(), { high: 1, low: 0 });
  for (const { transport } of [a, b]) {
    assertEquals(transport.getWriteBufferLimits(), { high: 65_536, low: 16_384 });
  }
  a.transport.close();
  await Promise.all([a.transport.closed, b.transport.closed]);
});
