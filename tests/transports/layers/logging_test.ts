import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { turns } from "../../../testing/conformance/scene.ts";
import { logging, type LoggingOptions } from "../../../transports/layers/logging.ts";
import { layeredPair } from "../../support/pairs/layered_pair.ts";
import { ManualClock } from "../../support/time/manual_clock.ts";

/** Logs of what `act` does to a connection, without the time and the name. */
async function logOf(
  act: (pair: Awaited<ReturnType<typeof layeredPair>>) => unknown,
  options: LoggingOptions = {},
): Promise<string[]> {
  const lines: string[] = [];
  const sink = (line: string) => void lines.push(line.replace(/^0\.000 link /, ""));
  const layer = logging({ label: "link", clock: new ManualClock(), sink, ...options });
  const pair = await layeredPair([layer]);
  await act(pair);
  await pair.close();
  return lines;
}

Deno.test("logging() logs bytes of both directions as text, sizes, and both ends", async () => {
  const lines = await logOf(async ({ transport, peer, protocol }) => {
    transport.write("Hello\r\n");
    transport.writelines(["a", new Uint8Array([98]), "c"]);
    peer.write('"quoted" ü \0');
    await protocol.untilReceived(13);
    peer.close();
    await transport.closed;
  });
  assertEquals(lines, [
    "connected",
    'sent 7 bytes: "Hello\\r\\n"',
    'sent 3 bytes: "abc"',
    'received 13 bytes: "\\"quoted\\" ü \\u0000"',
    "received the end of data",
    "ended",
  ]);
});

Deno.test("logging() logs a hex dump that goes on where the last one of its direction ended", async () => {
  const lines = await logOf(async ({ transport, peer, protocol }) => {
    transport.write("0123456789abcdefg");
    peer.write("x");
    await protocol.untilReceived(1);
    transport.write("h");
  }, { format: "hex" });
  assertEquals(lines.slice(1, 8), [
    "sent 17 bytes",
    "00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|",
    "00000010  67                                                |g|",
    "received 1 bytes",
    "00000000  78                                                |x|",
    "sent 1 bytes",
    "00000011  68                                                |h|",
  ]);
});

Deno.test("logging() shows at most maxBytes of a chunk, and none with the format none", async () => {
  const text = await logOf(({ transport }) => transport.write("0123456789"), { maxBytes: 4 });
  assertEquals(text[1], 'sent 10 bytes: "0123" and 6 more');
  const hex = await logOf(({ transport }) => transport.write("0123456789"), {
    maxBytes: 4,
    format: "hex",
  });
  assertEquals(hex.slice(1, 4), [
    "sent 10 bytes",
    "00000000  30 31 32 33                                       |0123|",
    "... 6 more",
  ]);
  const none = await logOf(({ transport }) => transport.write("0123456789"), { format: "none" });
  assertEquals(none[1], "sent 10 bytes");
});

Deno.test("logging() logs pauses, the ends of directions and how it ended", async () => {
  const paused = await logOf(async ({ transport, peer, peerProtocol }) => {
    transport.pauseReading();
    transport.pauseReading();
    transport.resumeReading();
    transport.resumeReading();
    peer.pauseReading();
    transport.write(new Uint8Array(500_000));
    peer.resumeReading();
    await peerProtocol.untilReceived(500_000);
    await turns();
    transport.writeEof();
  }, { maxBytes: 0 });
  assertEquals(paused.slice(1, 7), [
    "reading pauses",
    "reading resumes",
    'sent 500000 bytes: "" and 500000 more',
    "writing pauses",
    "writing resumes",
    "sends the end of data",
  ]);
  const aborted = await logOf(({ transport }) => {
    transport.abort(new TypeError("A reason"));
    transport.write("dropped");
    transport.close();
  });
  assertEquals(aborted.slice(1), ["aborts: A reason", "ended with TypeError: A reason"]);
  assertEquals((await logOf(() => {})).slice(1), ["closes", "ended"]);
  assertEquals((await logOf(({ transport }) => transport.abort()))[1], "aborts");
});

Deno.test("logging() tells the seconds since the connection was made, and its peer", async () => {
  const lines: string[] = [];
  const clock = new ManualClock();
  clock.advance(5000);
  const { transport, close } = await layeredPair([
    logging({ clock, sink: (line) => lines.push(line) }),
  ]);
  clock.advance(1234);
  transport.write("x");
  await close();
  assertMatch(lines[0] ?? "", /^0\.000 memory:b connected$/);
  assertMatch(lines[1] ?? "", /^1\.234 memory:b sent 1 bytes: "x"$/);
});

Deno.test("logging() reports a sink that throws once and goes on without it", async () => {
  const failure = new Error("The disk is full");
  let calls = 0;
  const layer = logging({
    format: "hex",
    sink: () => {
      if (++calls > 2) throw failure;
    },
  });
  const { transport, peer, protocol, peerProtocol, reported, close } = await layeredPair([layer]);
  transport.write("Hello");
  transport.write("World");
  await peerProtocol.untilReceived(10);
  peer.write("answer");
  await protocol.untilReceived(6);
  assertEquals((await close()).error, null);
  assertEquals(calls, 3);
  assertEquals(reported, [["logging sink", failure]]);
});

Deno.test("logging() throws TypeError for an unknown format and RangeError for a negative size", () => {
  // A caller without types may give this.
  const format = "base64" as "hex";
  assertThrows(() => logging({ format }), TypeError, 'format "base64" is not one of');
  assertThrows(() => logging({ maxBytes: -1 }), RangeError, "Cannot use logging: maxBytes -1 ");
});
