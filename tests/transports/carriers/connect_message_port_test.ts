import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import type { Transport } from "../../../protocols/contract.ts";
import {
  CarrierMessageError,
  ConnectionLostError,
  ReceiveBufferFullError,
} from "../../../protocols/errors.ts";
import { Random } from "../../../testing/conformance/random.ts";
import { turns } from "../../../testing/conformance/scene.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import { connectMessagePort } from "../../../transports/carriers/connect_message_port.ts";

/** A connection, and the bare port at its other end. */
async function connectOne(
  protocol = new RecordingProtocol(),
): Promise<{ transport: Transport; protocol: RecordingProtocol; port: MessagePort }> {
  const { port1, port2 } = new MessageChannel();
  const { transport } = await connectMessagePort(() => protocol, port1);
  return { transport, protocol, port: port2 };
}

Deno.test("connectMessagePort() exchanges 3 MiB with a Worker", async () => {
  const worker = new Worker(new URL("./echo_worker.ts", import.meta.url), {
    type: "module",
  });
  const { port1, port2 } = new MessageChannel();
  worker.postMessage(port2, [port2]);
  const sent = new Random(1).bytes(3_000_000);
  const { transport, protocol } = await connectMessagePort(() => new RecordingProtocol(), port1);
  transport.write(sent);
  await protocol.untilReceived(sent.length);
  assert(protocol.received.every((byte, index) => byte === sent[index]));
  transport.close();
  await transport.closed;
  worker.terminate();
});

Deno.test("connectMessagePort() sends nothing before the other end has told its buffer size", async () => {
  const { transport, port } = await connectOne();
  const messages: unknown[] = [];
  port.onmessage = ({ data }) => void messages.push(data);
  transport.write("hello");
  await turns();
  assertEquals(messages, [["credit", 262_144]]);
  port.postMessage(["credit", 3]);
  await turns();
  assertEquals(messages.slice(1), [new TextEncoder().encode("hel")]);
  transport.abort();
  await transport.closed;
  await turns();
  assertEquals(messages.slice(2), [["reset"]]);
  port.close();
});

Deno.test("connectMessagePort() ends with CarrierMessageError for messages that are not its own", async () => {
  const foreign = ["text", { type: "other" }, ["credit", -1], ["credit", 1e9], ["what"], null, 7];
  for (const message of foreign) {
    const { transport, port } = await connectOne();
    port.postMessage(message);
    const { error, endedBy } = await transport.closed;
    assert(error instanceof CarrierMessageError, `${JSON.stringify(message)}: ${error}`);
    assertEquals(endedBy, "error");
    port.close();
  }
});

Deno.test("connectMessagePort() ends with ReceiveBufferFullError for more than it has room for", async () => {
  const { transport, protocol, port } = await connectOne();
  transport.pauseReading();
  // The first one is under way to the protocol, and does not count.
  for (const size of [10, 262_144, 1]) port.postMessage(new Uint8Array(size));
  await turns();
  transport.resumeReading();
  const { error } = await transport.closed;
  assert(error instanceof ReceiveBufferFullError, `${error}`);
  assertEquals(protocol.receivedLength, 262_154);
  port.close();
});

Deno.test("connectMessagePort() sees an abort() there as ConnectionReset", async () => {
  const { port1, port2 } = new MessageChannel();
  const a = await connectMessagePort(() => ({}), port1);
  const b = await connectMessagePort(() => ({}), port2);
  b.transport.abort();
  const { error } = await a.transport.closed;
  assert(error instanceof Deno.errors.ConnectionReset, `${error}`);
});

Deno.test("connectMessagePort() sends a Buffer whole and leaves it alone; close() ends after it", async () => {
  const { port1, port2 } = new MessageChannel();
  let received = 0;
  const b = await connectMessagePort(
    () => ({ dataReceived: (chunk) => void (received += chunk.length) }),
    port2,
  );
  const a = await connectMessagePort(() => ({}), port1);
  const buffer = Buffer.alloc(100_000, 1);
  a.transport.write(buffer);
  a.transport.close();
  const { error, bytesUnsent } = await a.transport.closed;
  await b.transport.closed;
  assertEquals([error, bytesUnsent, received, buffer.length], [null, 0, 100_000, 100_000]);
});

Deno.test("connectMessagePort() over a Worker ends with an error when the Worker fails", async () => {
  const worker = new Worker(new URL("./crashing_worker.ts", import.meta.url), { type: "module" });
  worker.addEventListener("error", (event) => event.preventDefault());
  const { transport } = await connectMessagePort(() => ({}), worker);
  transport.write("go");
  const { error } = await transport.closed;
  assert(error instanceof ConnectionLostError && /the Worker gives up/.test(error.message));
  worker.terminate();
});
