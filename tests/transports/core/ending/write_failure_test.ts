import { assertEquals, assertStrictEquals } from "@std/assert";
import { turns } from "../../../../testing/conformance/scene.ts";
import { connectCarrier } from "../../../../transports/core/connect_carrier.ts";
import { WriteFailure } from "../../../../transports/core/ending/write_failure.ts";
import { FakeCarrier } from "../../../support/doubles/fake_carrier.ts";

Deno.test("WriteFailure is told once, a turn later, and not after stop()", async () => {
  const told: WriteFailure[] = [];
  const failure = new WriteFailure(new Error("broken"), (one) => told.push(one));
  failure.tellInTime();
  failure.tellInTime();
  assertEquals(told.length, 0);
  const stopped = new WriteFailure(new Error("broken"), (one) => told.push(one));
  stopped.tellInTime();
  stopped.stop();
  await new Promise<void>((resolve) => new WriteFailure(new Error(), () => resolve()).tellInTime());
  assertEquals(told, [failure]);
});

/** A transport with 5 bytes under way and 6 that wait, of which the write has just failed. */
async function failing(
  callbacks: { writingFailed?: (error: Error) => void },
): Promise<
  { carrier: FakeCarrier; transport: Awaited<ReturnType<typeof connectCarrier>>["transport"] }
> {
  const carrier = new FakeCarrier();
  const { transport } = await connectCarrier(() => ({ ...callbacks }), carrier, {
    onError: () => {},
  });
  transport.write("first");
  const pending = await carrier.pending;
  transport.write("second");
  pending.take(2);
  (await carrier.pending).fail(new Deno.errors.BrokenPipe("broken"));
  return { carrier, transport };
}

Deno.test("Bytes dropped by a failed write count as unsent when the peer's end comes later", async () => {
  const told = Promise.withResolvers<Error>();
  const { carrier, transport } = await failing({ writingFailed: told.resolve });
  const error = await told.promise;
  await turns();
  assertEquals(transport.getWriteBufferSize(), 0);
  assertEquals(transport.write("not counted: it is refused"), true);
  await carrier.source.end();
  const { bytesWritten, bytesUnsent, error: lost } = await transport.closed;
  assertStrictEquals(lost, error);
  assertEquals({ bytesWritten, bytesUnsent }, { bytesWritten: 2, bytesUnsent: 9 });
});

Deno.test("Bytes dropped by a failed write count as unsent when close() or abort() comes first", async () => {
  for (const end of ["close", "abort"] as const) {
    const { transport } = await failing({ writingFailed: () => {} });
    await turns();
    transport[end]();
    const { bytesWritten, bytesUnsent } = await transport.closed;
    assertEquals({ end, bytesWritten, bytesUnsent }, { end, bytesWritten: 2, bytesUnsent: 9 });
  }
});

Deno.test("Bytes dropped by a failed write count once when writingFailed() ends the connection", async () => {
  const { carrier, transport } = await failing({ writingFailed: () => void transport.abort() });
  const { bytesWritten, bytesUnsent } = await transport.closed;
  assertEquals({ bytesWritten, bytesUnsent }, { bytesWritten: 2, bytesUnsent: 9 });
  assertEquals(carrier.calls.at(-1), "close");
});
