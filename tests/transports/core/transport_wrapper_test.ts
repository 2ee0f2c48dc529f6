import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { RecordingTransport } from "../../../testing/recording/recording_transport.ts";
import { TransportWrapper } from "../../../transports/core/transport_wrapper.ts";

Deno.test("TransportWrapper forwards every call with its arguments", () => {
  const inner = new RecordingTransport({}, { extraInfo: { color: "blue" } });
  inner.start();
  const outer = new TransportWrapper(inner);
  const next = {};
  const reason = new Error("enough");
  assertEquals(outer.write("a"), true);
  assertEquals(outer.writelines(["b", "c"]), true);
  outer.setWriteBufferLimits({ high: 9 });
  assertEquals(outer.getWriteBufferLimits(), { high: 9, low: 2 });
  assertEquals(outer.getWriteBufferSize(), 3);
  assertEquals(outer.isReading(), true);
  outer.pauseReading();
  assertEquals(outer.isReading(), false);
  outer.resumeReading();
  outer.setProtocol(next, { replayEof: true });
  assertStrictEquals(outer.getProtocol(), next);
  assertEquals([outer.getExtraInfo("color" as never), outer.getExtraInfo("size" as never, 3)], [
    "blue",
    3,
  ]);
  assertEquals(outer.canWriteEof(), true);
  outer.writeEof();
  assertEquals(outer.isClosing(), false);
  outer.close();
  outer.abort(reason);
  assertEquals(outer.isClosing(), true);
  assertStrictEquals(outer.closed, inner.closed);
  assertEquals(inner.calls.map(({ method }) => method), [
    "write",
    "writelines",
    "setWriteBufferLimits",
    "pauseReading",
    "resumeReading",
    "setProtocol",
    "writeEof",
    "close",
    "abort",
  ]);
  assertEquals(inner.calls.at(-1)?.args, [reason]);
});

Deno.test("TransportWrapper lets a subclass see and change what passes", () => {
  class Doubling extends TransportWrapper {
    override write(data: string): boolean {
      return super.write(data + data);
    }
  }
  const inner = new RecordingTransport({});
  inner.start();
  new Doubling(inner).write("ab");
  assertEquals(inner.writtenText, "abab");
});

Deno.test("TransportWrapper without an inner transport throws until it has one", () => {
  const outer = new TransportWrapper();
  assertThrows(() => outer.write("x"), InvalidStateError, "not connected yet");
  const inner = new RecordingTransport({});
  outer.inner = inner;
  assertStrictEquals(outer.inner, inner);
});
