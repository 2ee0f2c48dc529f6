import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { ConnectionLostError, InvalidStateError } from "../../../protocols/errors.ts";
import { StreamReader } from "../../../streams/reading/stream_reader.ts";
import { flowOf, StreamReaderProtocol } from "../../../streams/reading/stream_reader_protocol.ts";
import {
  RecordingTransport,
  type RecordingTransportOptions,
} from "../../../testing/recording/recording_transport.ts";
import { settle, stateOf } from "../../support/time/event_loop.ts";
import { decode, pattern } from "../../support/text.ts";

function connect(
  limit: number,
  options?: RecordingTransportOptions,
): { reader: StreamReader; protocol: StreamReaderProtocol; transport: RecordingTransport } {
  const reader = new StreamReader({ limit });
  const protocol = new StreamReaderProtocol(reader);
  const transport = new RecordingTransport(protocol, options);
  transport.start();
  return { reader, protocol, transport };
}

function callsOf(transport: RecordingTransport): string[] {
  return transport.calls.map(({ method }) => method);
}

Deno.test("StreamReaderProtocol pauses the transport above twice the limit, once", async () => {
  const { transport } = connect(4);
  await transport.feed("12345678");
  assertEquals(callsOf(transport), []);
  await transport.feed("9");
  assertEquals(callsOf(transport), ["pauseReading"]);
  assertEquals(transport.isReading(), false);
});

Deno.test("StreamReaderProtocol resumes the transport once the buffer is down to the limit", async () => {
  const { reader, transport } = connect(4);
  await transport.feed("123456789");
  assertEquals(decode(await reader.read(4)), "1234");
  assertEquals(callsOf(transport), ["pauseReading"]);
  assertEquals(decode(await reader.read(1)), "5");
  assertEquals(callsOf(transport), ["pauseReading", "resumeReading"]);
  await reader.read(1);
  assertEquals(callsOf(transport), ["pauseReading", "resumeReading"]);
});

Deno.test("StreamReaderProtocol pauses again, as often as the buffer fills", async () => {
  const { reader, transport } = connect(1);
  for (let round = 1; round <= 3; round++) {
    await transport.feed("123");
    assertEquals(decode(await reader.readexactly(3)), "123");
    await settle();
    assertEquals(callsOf(transport).length, 2 * round);
  }
});

/** How each read fares that needs more than the buffer may hold: it must resume the transport. */
const LONG_READS: [string, (reader: StreamReader) => Promise<unknown>][] = [
  ["readexactly()", (reader) => reader.readexactly(100)],
  ["read(-1)", (reader) => reader.read()],
];

for (const [name, read] of LONG_READS) {
  Deno.test(`StreamReader.${name} goes beyond the pause: waiting resumes the transport`, async () => {
    const { reader, transport } = connect(4);
    const whole = pattern(100);
    const reading = read(reader);
    for (let i = 0; i < 100; i += 10) await transport.feed(whole.subarray(i, i + 10));
    await transport.feedEof();
    assertEquals(await reading, whole);
  });
}

Deno.test("StreamReader.readline() resumes the transport when it drops an overlong line", async () => {
  const { reader, transport } = connect(4);
  await transport.feed("123456789");
  await assertRejects(() => reader.readline(), RangeError);
  assertEquals(callsOf(transport), ["pauseReading", "resumeReading"]);
});

Deno.test("StreamReader.readable resumes the transport as its bytes are taken", async () => {
  const { reader, transport } = connect(4);
  await transport.feed("12345");
  await transport.feed("6789");
  const web = reader.readable.getReader();
  let text = "";
  while (text.length < 5) text += decode((await web.read()).value ?? new Uint8Array(0));
  assertEquals(callsOf(transport), ["pauseReading", "resumeReading"]);
});

Deno.test("StreamReader.setTransport() pauses the one that comes after a pause", async () => {
  const { reader, transport } = connect(4);
  await transport.feed("123456789");
  const other = new RecordingTransport({});
  reader.setTransport(other);
  assertEquals(callsOf(other), ["pauseReading"]);
  await reader.read(9);
  assertEquals(callsOf(other), ["pauseReading", "resumeReading"]);
  assertEquals(callsOf(transport), ["pauseReading"]);
});

Deno.test("StreamReaderProtocol ends the reader at the end of the data and keeps writing open", async () => {
  const { reader, transport } = connect(4);
  await transport.feed("rest");
  await transport.feedEof();
  assertEquals(transport.isClosing(), false);
  assertEquals(decode(await reader.read()), "rest");
  assertEquals(reader.atEof(), true);
});

Deno.test("StreamReaderProtocol closes at the end of the data where there is no half-close", async () => {
  const { reader, transport } = connect(4, { halfClose: false });
  await transport.feedEof();
  assertEquals((await transport.closed).endedBy, "peer");
  assertEquals(await reader.read(), new Uint8Array(0));
});

Deno.test("StreamReaderProtocol ends the reader when the connection ends cleanly", async () => {
  const { reader, transport } = connect(4);
  const reading = reader.read(1);
  transport.close();
  assertEquals(await reading, new Uint8Array(0));
  assertEquals(reader.atEof(), true);
});

Deno.test("StreamReaderProtocol rejects every wait with a failure, after the buffered bytes", async () => {
  const { reader, protocol, transport } = connect(4, { writeBufferLimits: { high: 0 } });
  await transport.feed("rest");
  const reading = reader.readexactly(5);
  transport.stall();
  transport.write("stuck");
  const waits = [
    flowOf(protocol).drain(),
    flowOf(protocol).flush(),
    flowOf(protocol).waitClosed(),
    reading,
  ];
  for (const wait of waits) wait.catch(() => {});
  assertEquals(await stateOf(waits[0] ?? reading), "pending");
  const error = new ConnectionLostError("Cable cut");
  transport.lose(error);
  for (const wait of waits) assertStrictEquals(await assertRejects(() => wait), error);
  assertEquals(decode(await reader.read(9)), "rest");
  assertStrictEquals(await assertRejects(() => reader.read(9)), error);
});

Deno.test("StreamReaderProtocol has no transport before connectionMade(), and gives it to the flow then", () => {
  const made: unknown[] = [];
  const protocol = new StreamReaderProtocol(
    new StreamReader(),
    (transport) => made.push(transport),
  );
  assertThrows(() => flowOf(protocol).transport, InvalidStateError, "not connected yet");
  const transport = new RecordingTransport(protocol);
  transport.start();
  assertEquals(made.length, 1);
  assertStrictEquals(made[0], transport);
  assertStrictEquals(flowOf(protocol).transport, transport);
});
