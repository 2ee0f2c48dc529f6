import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import type { Transport } from "../../../protocols/contract.ts";
import { InvalidStateError, WriteBufferFullError } from "../../../protocols/errors.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import type { Carrier } from "../../../transports/core/carrier.ts";
import { CarrierTransport, connectionOf } from "../../../transports/core/carrier_transport.ts";
import { nextTurn } from "../../../transports/core/clock.ts";
import { startTransport } from "../../../transports/core/connect_carrier.ts";
import { Connection } from "../../../transports/core/connection.ts";
import { closeAfterPeer, sentQueueOf } from "../../../transports/core/write/writing.ts";
import type { TransportOptions } from "../../../transports/core/transport_options.ts";
import { settle } from "../../support/time/event_loop.ts";
import { FakeCarrier } from "../../support/doubles/fake_carrier.ts";

/** A transport over a carrier that the test drives. */
function transportOver(options: TransportOptions = {}): {
  transport: Transport;
  carrier: FakeCarrier;
  protocol: RecordingProtocol;
  ended: Transport[];
} {
  const carrier = new FakeCarrier();
  const protocol = new RecordingProtocol();
  const ended: Transport[] = [];
  const { transport } = startTransport(() => protocol, carrier, options, {
    onMade: () => {},
    onClosed: (closed) => ended.push(closed),
  });
  return { transport, carrier, protocol, ended };
}

/** A transport over a carrier, with a protocol that does nothing. */
function started(carrier: Carrier, options?: TransportOptions): Transport {
  return startTransport(() => ({}), carrier, options).transport;
}

Deno.test("CarrierTransport names the peer in failures of reading and keeps their class", async () => {
  const { transport, carrier, protocol } = transportOver();
  const reset = new Deno.errors.ConnectionReset("Connection reset by peer");
  await carrier.source.fail(reset);
  const { error, endedBy } = await transport.closed;
  assertInstanceOf(error, Deno.errors.ConnectionReset);
  assertEquals(error.message, "Cannot read from memory:peer: Connection reset by peer");
  assertEquals(endedBy, "error");
  assertStrictEquals(protocol.error, error);
});

Deno.test("CarrierTransport names the peer in failures of writing", async () => {
  const { transport, carrier } = transportOver();
  transport.write("x");
  (await carrier.pending).fail(new Deno.errors.BrokenPipe("Broken pipe"));
  await carrier.source.end();
  const { error, bytesUnsent } = await transport.closed;
  assertInstanceOf(error, Deno.errors.BrokenPipe);
  assertEquals([error.message, bytesUnsent], ["Cannot write to memory:peer: Broken pipe", 1]);
});

Deno.test("CarrierTransport takes failures whose message cannot be changed", async () => {
  const { transport, carrier } = transportOver();
  const failure = new DOMException("The stream was aborted", "AbortError");
  await carrier.source.fail(failure);
  assertEquals((await transport.closed).error, failure);
});

Deno.test("CarrierTransport closes its carrier once, after connectionLost and before closed resolves", async () => {
  const { transport, carrier, protocol, ended } = transportOver();
  transport.close();
  transport.abort();
  assertEquals([carrier.calls, protocol.count("connectionLost"), ended], [[], 0, []]);
  await transport.closed;
  assertEquals([carrier.calls, protocol.count("connectionLost")], [["close"], 1]);
  assertEquals(ended, [transport]);
});

Deno.test("CarrierTransport.closed resolves for those who ask only after the end", async () => {
  const { transport, carrier } = transportOver();
  transport.abort();
  await settle();
  assertEquals(carrier.calls, ["close"]);
  assertEquals((await transport.closed).endedBy, "abort");
});

Deno.test("CarrierTransport.close() waits for the queue and for the end of the direction", async () => {
  const { transport, carrier } = transportOver();
  transport.write("x");
  transport.writeEof();
  transport.close();
  (await carrier.pending).take();
  await settle();
  assertEquals(carrier.calls, ["write", "closeWrite"]);
  carrier.settleEnd();
  assertEquals((await transport.closed).endedBy, "local");
  assertEquals(carrier.calls, ["write", "closeWrite", "close"]);
});

Deno.test("CarrierTransport counts the operation under way as unsent when it is aborted", async () => {
  const { transport, carrier } = transportOver();
  transport.write("abc");
  transport.write("de");
  await carrier.pending;
  transport.abort();
  const { bytesWritten, bytesUnsent } = await transport.closed;
  assertEquals([bytesWritten, bytesUnsent], [0, 5]);
  (await carrier.pending).take();
  await settle();
});

Deno.test("CarrierTransport reports with the address when nothing hides it", async () => {
  const { transport, carrier } = transportOver({ maxWriteBuffer: 2 });
  transport.write("abc");
  transport.write("d");
  const { error } = await transport.closed;
  assertInstanceOf(error, WriteBufferFullError);
  assertEquals(
    error.message,
    "Cannot write to memory:peer: 3 bytes are queued, maxWriteBuffer is 2",
  );
  assertEquals(carrier.calls.includes("close"), true);
});

Deno.test("CarrierTransport.write() after writeEof() names the peer", () => {
  const { transport } = transportOver();
  transport.writeEof();
  assertThrows(
    () => transport.write("x"),
    InvalidStateError,
    "Cannot write to memory:peer: writeEof() was called",
  );
  transport.abort();
});

Deno.test("CarrierTransport over a carrier without half-close has canWriteEof() false", async () => {
  const carrier = new FakeCarrier();
  const transport = started(
    {
      source: carrier.source,
      write: (bytes) => carrier.write(bytes),
      close: () => carrier.close(),
      getExtraInfo: () => undefined,
    },
  );
  assertEquals(transport.canWriteEof(), false);
  assertThrows(
    () => transport.writeEof(),
    InvalidStateError,
    "Cannot end writing to the peer: it has no half-close",
  );
  transport.abort();
  await transport.closed;
});

Deno.test("CarrierTransport lets a carrier finish before an orderly end, not before an abort", async () => {
  for (const ending of ["close", "abort"] as const) {
    const carrier = new FakeCarrier();
    const finished = Promise.withResolvers<void>();
    const transport = started(
      Object.assign(carrier, {
        finish: () => {
          carrier.calls.push("finish");
          return finished.promise;
        },
      }),
    );
    transport[ending]();
    await settle();
    finished.resolve();
    await transport.closed;
    assertEquals(carrier.calls, ending === "close" ? ["finish", "close"] : ["close"]);
  }
});

Deno.test("CarrierTransport ends with the failure of a carrier that cannot finish", async () => {
  const failure = new Error("Nothing worked");
  const transport = started(
    Object.assign(new FakeCarrier(), { finish: () => Promise.reject(failure) }),
  );
  transport.close();
  const { error, endedBy } = await transport.closed;
  assertEquals([error, endedBy], [failure, "error"]);
});

Deno.test("CarrierTransport ends although its carrier throws when it is closed", async () => {
  const reported: string[] = [];
  const transport = started(
    Object.assign(new FakeCarrier(), {
      close: () => {
        throw new Error("Cannot release");
      },
    }),
    { onError: (error, { callback }) => reported.push(`${callback}: ${error.message}`) },
  );
  transport.close();
  assertEquals((await transport.closed).endedBy, "local");
  assertEquals(reported, ["close: Cannot release"]);
});

Deno.test("Connection.start() cannot be called twice", () => {
  const { transport } = transportOver();
  const connection = connectionOf(transport);
  assertThrows(() => connection?.start(), InvalidStateError);
  transport.abort();
  assert(transport.isClosing());
});

Deno.test("CarrierTransport reports a failed write after connectionMade", async () => {
  const told = Promise.withResolvers<void>();
  const order: string[] = [];
  const protocol = {
    connectionMade: () => void order.push("connectionMade"),
    writingFailed: ({ message }: Error) => void (order.push(message), told.resolve()),
  };
  const connection = new Connection(new FakeCarrier(), protocol, {});
  const transport = new CarrierTransport(connection);
  // As a layer does whose transport below fails during a handshake.
  connection.onWriteError(new Deno.errors.BrokenPipe("gone"));
  await nextTurn();
  assertEquals(order, []);
  connection.start();
  await told.promise;
  assertEquals(order, ["connectionMade", "Cannot write to memory:peer: gone"]);
  transport.abort();
  await transport.closed;
});

Deno.test("CarrierTransport keeps reading after a failed write, then calls connectionLost", async () => {
  const { transport, carrier, protocol } = transportOver();
  transport.write("question");
  const told = Promise.withResolvers<Error>();
  transport.setProtocol(Object.assign(protocol, { writingFailed: told.resolve }));
  (await carrier.pending).fail(new Deno.errors.BrokenPipe("Broken pipe"));
  assertInstanceOf(await told.promise, Deno.errors.BrokenPipe);
  assertEquals(transport.isClosing(), false);
  assertEquals(transport.getWriteBufferSize(), 0);
  transport.write("dropped");
  await carrier.source.feed(1, 2);
  await settle();
  assertEquals(protocol.received, new Uint8Array([1, 2]));
  await carrier.source.end();
  const { error, bytesUnsent } = await transport.closed;
  assertInstanceOf(error, Deno.errors.BrokenPipe);
  assertEquals(bytesUnsent, 8);
  assertEquals(protocol.count("eofReceived"), 1);
  assertEquals(carrier.calls, ["write", "close"]);
});

Deno.test("CarrierTransport tells a reset rather than the broken pipe before it", async () => {
  const { transport, carrier } = transportOver();
  transport.write("x");
  (await carrier.pending).fail(new Deno.errors.BrokenPipe("Broken pipe"));
  await carrier.source.fail(new Deno.errors.ConnectionReset("Connection reset by peer"));
  assertInstanceOf((await transport.closed).error, Deno.errors.ConnectionReset);
});

Deno.test("CarrierTransport.close() ends at once after a write failed, with the failure", async () => {
  const { transport, carrier } = transportOver();
  transport.write("x");
  (await carrier.pending).fail(new Deno.errors.BrokenPipe("Broken pipe"));
  await Promise.resolve();
  transport.close();
  assertInstanceOf((await transport.closed).error, Deno.errors.BrokenPipe);
});

Deno.test("CarrierTransport is lost when a write fails while reading is paused without writingFailed()", async () => {
  const { transport, carrier } = transportOver();
  transport.pauseReading();
  transport.write("x");
  (await carrier.pending).fail(new Deno.errors.BrokenPipe("Broken pipe"));
  assertInstanceOf((await transport.closed).error, Deno.errors.BrokenPipe);
});

Deno.test("CarrierTransport.closed resolves when a write fails after the end of the peer's data", async () => {
  const { transport, carrier } = transportOver();
  transport.setProtocol({ eofReceived: () => true });
  await carrier.source.end();
  await settle();
  transport.write("x");
  (await carrier.pending).fail(new Deno.errors.BrokenPipe("Broken pipe"));
  assertInstanceOf((await transport.closed).error, Deno.errors.BrokenPipe);
});

Deno.test("CarrierTransport ends without its peer when memory that waits to be sent is gone", async () => {
  const { transport, carrier } = transportOver();
  await settle();
  transport.write(new Uint8Array(20_000));
  const bytes = new Uint8Array(20_000);
  transport.write(bytes);
  bytes.buffer.transfer();
  (await carrier.pending).take();
  const { error, bytesWritten } = await transport.closed;
  assertInstanceOf(error, TypeError);
  assertEquals(bytesWritten, 20_000);
});

Deno.test("CarrierTransport shows users no event of its halves", () => {
  const { transport } = transportOver();
  for (
    const event of [
      ...["onReceived", "onEof", "onReadError", "onWriteError", "onPause", "onResume"],
      ...["start", "restartClock", "followPeer", "onCallbackError", "lose", "delivery", "outbound"],
    ]
  ) {
    assertEquals(event in transport, false, event);
  }
  transport.abort();
});

Deno.test("sentQueueOf() waits for what was written before, not for what comes after", async () => {
  const { transport, carrier } = transportOver();
  transport.write("first");
  const sent = sentQueueOf(transport)?.wait();
  const operation = await carrier.pending;
  transport.write("second");
  operation.take();
  await sent;
  assertEquals(transport.getWriteBufferSize(), 6);
  const dropped = sentQueueOf(transport)?.wait();
  transport.abort();
  await dropped;
  assertEquals(sentQueueOf(transport), null);
});

Deno.test("closeAfterPeer() says that the peer ended it if its end came first", async () => {
  const { transport, carrier } = transportOver();
  transport.setProtocol({ eofReceived: () => true });
  await carrier.source.end();
  await settle();
  closeAfterPeer(transport);
  assertEquals((await transport.closed).endedBy, "peer");
});

Deno.test("closeAfterPeer() says that we ended it if our end came first, or the peer's did not come", async () => {
  const first = transportOver();
  first.transport.setProtocol({ eofReceived: () => true });
  first.transport.writeEof();
  first.carrier.settleEnd();
  await first.carrier.source.end();
  await settle();
  const second = transportOver();
  for (const { transport } of [first, second]) {
    closeAfterPeer(transport);
    assertEquals((await transport.closed).endedBy, "local");
  }
});
