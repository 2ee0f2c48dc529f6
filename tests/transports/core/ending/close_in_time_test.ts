import { assert, assertEquals } from "@std/assert";
import { RecordingTransport } from "../../../../testing/recording/recording_transport.ts";
import { closeInTime } from "../../../../transports/core/ending/close_in_time.ts";

/** A transport whose peer does not read, with seven bytes queued for it. */
function stalled(): RecordingTransport {
  const transport = new RecordingTransport({});
  transport.start();
  transport.stall();
  transport.write("waiting");
  return transport;
}

Deno.test("closeInTime() closes, waits for the end and tells how that was", async () => {
  const transport = stalled();
  const closing = closeInTime(transport);
  assert(transport.isClosing());
  await transport.drain();
  const { endedBy, bytesWritten, bytesUnsent } = await closing;
  assertEquals([endedBy, bytesWritten, bytesUnsent], ["local", 7, 0]);
});

Deno.test("closeInTime() aborts when the peer does not read in time", async () => {
  const transport = stalled();
  const { endedBy, bytesUnsent } = await closeInTime(transport, { timeout: 1 });
  assertEquals([endedBy, bytesUnsent], ["abort", 7]);
});

Deno.test("closeInTime() aborts at its signal", async () => {
  const controller = new AbortController();
  const transport = stalled();
  const closing = closeInTime(transport, { signal: controller.signal });
  controller.abort();
  assertEquals((await closing).endedBy, "abort");
});

Deno.test("closeInTime() does not linger where there is no half-close", async () => {
  const transport = new RecordingTransport({}, { halfClose: false });
  transport.start();
  assertEquals((await closeInTime(transport, { linger: Infinity })).endedBy, "local");
});

Deno.test("Transport[Symbol.asyncDispose]() closes as close() does", async () => {
  const transport = new RecordingTransport({});
  transport.start();
  await transport[Symbol.asyncDispose]();
  assertEquals(transport.calls.map(({ method }) => method), ["close"]);
});
