/**
 * A stream of bytes, sent and received in one of many ways, over a bad network. What arrives is the
 * beginning of what was sent, and an end in good order comes after everything.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  createConnection,
  createServer,
  openConnection,
  Protocol,
  startServer,
  type StreamConnection,
  type Transport,
} from "@sluice/net";
import { insertLayer, Layer, removeLayer } from "@sluice/net/layers";
import { numberedBytes, NumberedBytesCheck } from "../numbered_bytes.ts";
import { failOnAssertion, type Scenario } from "../scenario.ts";

const LENGTH = 120_000;
const SEED = 8;
const ENDPOINT = { port: 7, resetOnAbort: true, onError: failOnAssertion };

/** A whole number below a limit. */
function random(limit: number): number {
  return Math.floor(Math.random() * limit);
}

function* chunks(): Generator<Uint8Array> {
  for (let sent = 0; sent < LENGTH;) {
    const length = Math.min(LENGTH - sent, 1 + random(20_000));
    yield numberedBytes(SEED, sent, length);
    sent += length;
  }
}

/** Writes whenever it may. */
class Source extends Protocol {
  readonly #chunks = chunks();
  #mayWrite = true;

  override connectionMade(transport: Transport): void {
    super.connectionMade(transport);
    this.#write();
  }

  override pauseWriting(): void {
    this.#mayWrite = false;
  }

  override resumeWriting(): void {
    this.#mayWrite = true;
    this.#write();
  }

  #write(): void {
    while (this.#mayWrite) {
      const { done, value } = this.#chunks.next();
      if (done) return this.transport.writeEof();
      this.transport.write(value);
    }
  }
}

/** Takes some bytes, pauses now and then, and leaves the rest to another one of its kind. */
class Sink extends Protocol {
  readonly #check: NumberedBytesCheck;
  readonly #onEnd: () => void;
  #left = Math.random() * 30_000;

  constructor(check: NumberedBytesCheck, onEnd: () => void) {
    super();
    this.#check = check;
    this.#onEnd = onEnd;
  }

  override dataReceived(chunk: Uint8Array): void {
    this.#check.add(chunk);
    this.#left -= chunk.length;
    if (this.#left > 0 && Math.random() < 0.9) return;
    const { transport } = this;
    transport.pauseReading();
    if (this.#left <= 0) transport.setProtocol(new Sink(this.#check, this.#onEnd));
    setTimeout(() => transport.resumeReading(), Math.random() * 20);
  }

  override eofReceived(): void {
    assertEquals(this.#check.received, LENGTH);
    this.#onEnd();
  }
}

async function sendByWriter({ writer }: StreamConnection): Promise<void> {
  for (const chunk of chunks()) {
    writer.write(chunk);
    if (Math.random() < 0.5) await writer.drain();
  }
  writer.writeEof();
}

async function sendByPipes({ writable }: StreamConnection): Promise<void> {
  const pieces = ReadableStream.from(chunks());
  await pieces.pipeThrough(new TransformStream()).pipeTo(writable);
}

/** Layers that change nothing come and go while bytes pass through. */
async function sendThroughLayers({ transport }: StreamConnection): Promise<void> {
  let top = transport;
  for (const chunk of chunks()) {
    top.write(chunk);
    if (top !== transport) {
      await removeLayer(top);
      top = transport;
    } else if (Math.random() < 0.5) {
      top = await insertLayer(transport, (upper, options) => new Layer(upper, options));
    }
  }
  top.writeEof();
}

async function receiveByReader(
  { reader }: StreamConnection,
  check: NumberedBytesCheck,
): Promise<void> {
  while (!reader.atEof()) check.add(await reader.read(1 + random(9000)));
}

async function receiveByPipes(
  { readable }: StreamConnection,
  check: NumberedBytesCheck,
): Promise<void> {
  const end = new WritableStream<Uint8Array>({ write: (chunk) => check.add(chunk) });
  await readable.pipeThrough(new TransformStream()).pipeTo(end);
}

/** Layers that change nothing come and go while bytes arrive. */
async function receiveThroughLayers(
  { reader, transport }: StreamConnection,
  check: NumberedBytesCheck,
): Promise<void> {
  while (!reader.atEof()) {
    check.add(await reader.read());
    if (transport.isClosing()) continue;
    const top = await insertLayer(transport, (upper, options) => new Layer(upper, options));
    check.add(await reader.read());
    await removeLayer(top);
  }
}

/** Gives up in the middle of some transfers. */
function abortAtTimes(transport: Transport): void {
  if (Math.random() < 0.7) return;
  const timer = setTimeout(() => transport.abort(new Error("gave up")), Math.random() * 500);
  void transport.closed.then(() => clearTimeout(timer));
}

async function serve(
  check: NumberedBytesCheck,
  onEnd: () => void,
  hasChaos: boolean,
): Promise<void> {
  const endpoint = { ...ENDPOINT, hostname: "0.0.0.0" };
  const isByCallbacks = Math.random() < 0.4;
  const receive = [receiveByReader, receiveByPipes, receiveThroughLayers][random(3)] ??
    receiveByReader;
  await using server = isByCallbacks
    ? await createServer(() => new Sink(check, onEnd), endpoint)
    : await startServer(async (connection) => {
      if (hasChaos) abortAtTimes(connection.transport);
      await receive(connection, check);
      assertEquals(check.received, LENGTH);
      onEnd();
    }, endpoint);
  await server.serveForever();
}

async function send(check: NumberedBytesCheck, hasChaos: boolean): Promise<void> {
  const endpoint = { ...ENDPOINT, hostname: "server" };
  const way = random(4);
  if (way === 0) {
    const { transport } = await createConnection(() => new Source(), endpoint);
    if (hasChaos) abortAtTimes(transport);
    return void await transport.closed;
  }
  await using connection = await openConnection(endpoint);
  const { reader, transport } = connection;
  if (hasChaos) abortAtTimes(transport);
  try {
    await [sendByWriter, sendByPipes, sendThroughLayers][way - 1]?.(connection);
    // If the network loses the reset of the peer as well, nothing tells that it is gone.
    assertEquals((await reader.read(1, { timeout: 600_000 })).length, 0);
    assertEquals(check.received, LENGTH);
  } catch (error) {
    failOnAssertion(error);
    transport.abort();
  }
}

function scenario(name: string, runs: number, hasChaos: boolean): Scenario {
  return {
    name,
    runs,
    options: {
      latency: [0.5, 20],
      loss: 0.002,
      segmentSize: [200, 1460],
      chaos: hasChaos && { interval: 60, duration: 3000, until: 800 },
    },
    async main(world): Promise<void> {
      const check = new NumberedBytesCheck(SEED);
      const ended = Promise.withResolvers<void>();
      world.host("server", () => serve(check, ended.resolve, hasChaos));
      await world.client("client", async () => {
        const sent = send(check, hasChaos);
        await (hasChaos ? sent.catch(failOnAssertion) : sent);
      });
      if (hasChaos) return;
      await ended.promise;
      assertEquals(check.received, LENGTH);
    },
  };
}

/** The scenarios. */
export const transfers: readonly Scenario[] = [
  scenario("each way to send and to receive passes everything on", 40, false),
  scenario("each way to send and to receive passes on nothing wrong", 60, true),
];
