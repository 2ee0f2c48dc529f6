/**
 * A transport from scratch: protocols talk over a `MessagePort`, as to a Worker, instead of a
 * socket.
 *
 * The easy way is to write a `Carrier`, which reads, writes and ends bytes. `connectCarrier` adds
 * the rest: the order of callbacks, buffering with water marks, pausing, closing that flushes,
 * half-close, errors. You can also implement `Transport` itself, an interface of seventeen methods,
 * but then you write all of that again. (To change an existing transport, wrap it: see
 * logging_transport.ts.) The program ends by itself.
 *
 *     deno run examples/custom_transport.ts
 *     deno task example custom_transport
 *
 * It needs no permission.
 *
 * @module
 */
import type { Bytes } from "@sluice/net";
import { type ByteSource, type Carrier, connectCarrier } from "@sluice/net/transports";
import { Protocol } from "@sluice/net";
import { ReceiveBuffer } from "@sluice/net/protocols";
import { readFlags } from "./_flags.ts";
import { runProgram } from "./_program.ts";

/** How many bytes may wait on one side before the other side must wait, as in a socket's buffer. */
const WINDOW = 65_536;

/**
 * The messages: bytes, a request to send more, the end of a direction, and the end of everything.
 */
type Message = Bytes | "more" | "end" | "gone";

/**
 * Carries a connection over one end of a `MessageChannel`.
 *
 * ```text
 * write -> Bytes -> the other side's buffer, which answers "more" while it has room -> write resolves
 *                   the other side's next() <- buffer
 * ```
 *
 * That answer is the whole back-pressure: a transport has one write under way at a time, and asks
 * for the next chunk only when its protocol is ready for it.
 */
export class PortCarrier implements Carrier {
  /** The received chunks. */
  readonly source: ByteSource = this.#receive();
  readonly #port: MessagePort;
  readonly #buffer = new ReceiveBuffer();
  #state: "open" | "ended" | "gone" = "open";
  #isAnswerDue = false;
  #onArrival: (() => void) | undefined;
  #onAnswer: PromiseWithResolvers<void> | undefined;

  /** Takes over the port. */
  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<Message>): void => this.#handle(data);
  }

  /** Sends a copy of up to 64 KiB, because the bytes are only lent; waits until more may follow. */
  async write(bytes: Uint8Array): Promise<number> {
    if (this.#state === "gone") throw new Error("The other side is gone");
    this.#onAnswer = Promise.withResolvers();
    const copy = new Uint8Array(bytes.subarray(0, WINDOW));
    this.#port.postMessage(copy, [copy.buffer]);
    await this.#onAnswer.promise;
    return Math.min(bytes.length, WINDOW);
  }

  /** Ends our direction, after the messages that were posted before. */
  closeWrite(): Promise<void> {
    this.#port.postMessage("end");
    return Promise.resolve();
  }

  /** Ends everything. */
  close(): void {
    this.#port.postMessage("gone");
    this.#end("gone");
    this.#port.close();
  }

  /** Knows no facts. */
  getExtraInfo(): undefined {}

  async *#receive(): AsyncGenerator<Bytes, void, Uint8Array | undefined> {
    while (true) {
      if (this.#buffer.length > 0) {
        const chunk = this.#buffer.takeChunk();
        this.#answer();
        yield chunk;
      } else if (this.#state !== "open") return;
      else await new Promise<void>((resolve) => this.#onArrival = resolve);
    }
  }

  #handle(message: Message): void {
    if (message === "more") this.#onAnswer?.resolve();
    else if (message === "end") this.#end("ended");
    else if (message === "gone") this.#end("gone");
    else {
      this.#buffer.append(message);
      this.#isAnswerDue = true;
      this.#answer();
      this.#onArrival?.();
    }
  }

  #answer(): void {
    if (!this.#isAnswerDue || this.#buffer.length >= WINDOW) return;
    this.#isAnswerDue = false;
    this.#port.postMessage("more");
  }

  #end(state: "ended" | "gone"): void {
    this.#state = state;
    this.#onArrival?.();
    if (state === "gone") this.#onAnswer?.reject(new Error("The other side is gone"));
  }
}

/** The same class works over TCP: a protocol does not know its carrier. */
class Shout extends Protocol {
  override dataReceived(chunk: Uint8Array): void {
    this.transport.write(new TextDecoder().decode(chunk).toUpperCase());
  }
}

/** Prints every event. */
class Narrator extends Protocol {
  override connectionMade(): void {
    console.log("connected through a MessagePort");
  }

  override dataReceived(chunk: Uint8Array): void {
    const text = new TextDecoder().decode(chunk);
    console.log(text.length > 80 ? `received ${text.length} bytes` : `received: ${text}`);
  }

  override pauseWriting(): void {
    console.log("pause writing: the other side does not keep up");
  }

  override resumeWriting(): void {
    console.log("resume writing");
  }

  override connectionLost(): void {
    console.log("connection closed");
  }
}

if (import.meta.main) {
  await runProgram(async () => {
    readFlags({});
    // With `worker.postMessage(port2, [port2])` the other end would live in a Worker.
    const { port1, port2 } = new MessageChannel();
    await connectCarrier(() => new Shout(), new PortCarrier(port2));
    const { transport } = await connectCarrier(() => new Narrator(), new PortCarrier(port1));
    transport.write("hello over there");
    transport.write("x".repeat(100_000));
    transport.writeEof();
    const { bytesWritten, bytesRead } = await transport.closed;
    console.log(`${bytesWritten} bytes sent, ${bytesRead} received`);
  });
}
