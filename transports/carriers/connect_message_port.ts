/**
 * A connection over a `MessagePort` or a `Worker`.
 *
 * Each end tells the other how many bytes it has room for (`credit`) and sends no more than it was
 * told. So both wait for each other as two sockets do, and nothing is sent to an end that was not
 * taken up yet.
 *
 * ```text
 * ["credit", n]   you may send n bytes more
 * Uint8Array      that many bytes
 * ["end"]         nothing more comes in this direction
 * ["close"]       the connection has ended, in good order
 * ["closed"]      the answer to that: everything arrived
 * ["reset"]       the connection was given up
 * ```
 *
 * @module
 */
import { type Bytes, copyOf } from "../../protocols/bytes.ts";
import type { CloseInfo } from "../../protocols/facts/close_info.ts";
import type { AnyProtocol } from "../../protocols/contract.ts";
import { CarrierMessageError, ConnectionLostError } from "../../protocols/errors.ts";
import type { Carrier } from "../core/carrier.ts";
import { type Connected, connectOver } from "../core/connect_carrier.ts";
import { Pause } from "../core/clock.ts";
import { ChunkQueue } from "../core/read/chunk_queue.ts";
import { checkProtocolFactory } from "../core/callbacks.ts";
import { checkOptions } from "../../protocols/option_checks.ts";
import { TRANSPORT_CHECKS, type TransportOptions } from "../core/transport_options.ts";

/** How much may be under way or wait to be read in each direction, in bytes. */
const WINDOW = 262_144;
/** How long the other end may take to answer the end of the connection, in milliseconds. */
const CLOSE_TIMEOUT_MS = 5000;
/** The longest message, in bytes: what is copied at a time. */
const LARGEST_MESSAGE = 65_536;

/** One end of a message channel: a `MessagePort`, a `Worker`, or the global scope of a Worker. */
export interface MessageEndpoint extends EventTarget {
  /** Sends a message to the other end, and moves the listed objects there. */
  postMessage(message: unknown, transfer: Transferable[]): void;
  /** Begins to receive. */
  start?(): void;
  /** Ends the channel. */
  close?(): void;
}

type Control = readonly ["credit", number] | readonly ["end" | "close" | "closed" | "reset"];

/**
 * Makes a connection over a `MessagePort`, with flow control, half-close and all else that a socket
 * has. The other end of the channel is to do the same, in this program or in a Worker.
 *
 * The channel belongs to the transport: anything else that is posted on it ends the connection with
 * a `CarrierMessageError`. `close()` closes a port, and leaves a Worker running. To share a Worker
 * with other messages, send it a port of a `MessageChannel`. A Worker that fails ends the
 * connection with a `ConnectionLostError`. A Worker that is terminated says nothing: abort the
 * transport when you terminate it. `closed` resolves when the other end has everything, or has not
 * answered for 5 seconds. Needs no permission; to start a Worker needs `--allow-read` for its file.
 *
 * An `abort()` there is seen here as `Deno.errors.ConnectionReset`.
 *
 * @example Two ends of a channel
 * ```ts
 * import { connectMessagePort } from "@sluice/net/transports";
 * import { assertEquals } from "@std/assert";
 *
 * const { port1, port2 } = new MessageChannel();
 * const received = Promise.withResolvers<string>();
 * // With `worker.postMessage(port2, [port2])` this would stand in a Worker.
 * await connectMessagePort(
 *   () => ({ dataReceived: (chunk) => received.resolve(new TextDecoder().decode(chunk)) }),
 *   port2,
 * );
 * const { transport } = await connectMessagePort(() => ({}), port1);
 * transport.write("over there");
 * assertEquals(await received.promise, "over there");
 * transport.close();
 * await transport.closed;
 * ```
 *
 * @param protocolFactory Makes the protocol. If it throws, the channel is closed and this rejects.
 * @param port The channel.
 * @param options Limits, layers and the error handler.
 * @returns The transport and the protocol that the factory made.
 * @throws {RangeError} If a limit is out of range.
 */
export async function connectMessagePort<P extends AnyProtocol>(
  protocolFactory: () => P,
  port: MessageEndpoint,
  options: TransportOptions = {},
): Promise<Connected<P>> {
  checkProtocolFactory(protocolFactory);
  checkOptions("connect message port", options, TRANSPORT_CHECKS);
  return await connectOver(protocolFactory, new MessagePortCarrier(port), options);
}

/** One end of a message channel as a {@linkcode Carrier}. */
class MessagePortCarrier implements Carrier {
  readonly source: ChunkQueue;
  readonly #port: MessageEndpoint;
  readonly #listeners = new AbortController();
  // Whether the other end has taken part yet.
  #hasPeer = false;
  // Whether the other end was told of the end, and its answer.
  #hasPosted = false;
  readonly #answer = new Pause();
  // How many bytes the other end has room for.
  #credit = 0;
  #onCredit: (() => void) | null = null;
  #isPeerGone = false;
  // How many bytes were taken here and not yet reported to the other end.
  #taken = 0;

  constructor(port: MessageEndpoint) {
    this.#port = port;
    this.source = new ChunkQueue({
      limit: WINDOW,
      onTaken: (bytes) => this.#giveCredit(bytes),
    });
    const { signal } = this.#listeners;
    port.addEventListener("message", (event) => this.#handle(event), { signal });
    port.addEventListener("messageerror", () => this.#refuse("that cannot be read"), { signal });
    // Of a Worker: an exception that it did not catch has ended it.
    port.addEventListener("error", (event) => this.#onCrash(event), { signal });
    port.start?.();
    this.#post(["credit", WINDOW]);
  }

  async write(bytes: Uint8Array): Promise<number> {
    while (this.#credit === 0 && !this.#isPeerGone) {
      await new Promise<void>((resolve) => this.#onCredit = resolve);
    }
    if (this.#isPeerGone) throw new Deno.errors.BrokenPipe("the other end is closed");
    const part = copyOf(bytes, 0, Math.min(this.#credit, LARGEST_MESSAGE));
    const { length } = part;
    this.#credit -= length;
    this.#port.postMessage(part, [part.buffer]);
    return length;
  }

  // deno-lint-ignore require-await -- a promise, as Carrier says
  async closeWrite(): Promise<void> {
    this.#post(["end"]);
  }

  /**
   * Waits until the other end has everything, as long as it is there and answers: a Worker may be
   * terminated afterwards, or terminate itself.
   */
  async finish(): Promise<void> {
    if (this.#isPeerGone || !this.#hasPeer) return;
    this.#hasPosted = true;
    this.#post(["close"]);
    await this.#answer.wait(CLOSE_TIMEOUT_MS);
  }

  close({ endedBy, error }: Pick<CloseInfo, "endedBy" | "error">): void {
    this.#listeners.abort();
    this.#answer.end();
    this.source.abandon();
    this.#loseCredit();
    const isReset = endedBy === "abort" || error !== null;
    if (isReset || !this.#hasPosted) this.#post([isReset ? "reset" : "close"]);
    this.#port.close?.();
  }

  getExtraInfo(name: string): unknown {
    return name === "socket" ? this.#port : undefined;
  }

  #post(control: Control): void {
    this.#port.postMessage(control, []);
  }

  #handle(event: Event): void {
    const data: unknown = event instanceof MessageEvent ? event.data : undefined;
    // A posted chunk is a copy with a buffer of its own, which is not shared.
    if (data instanceof Uint8Array) return this.#receive(data as Bytes);
    const [kind, amount]: unknown[] = Array.isArray(data) ? data : [];
    this.#hasPeer = true;
    if (kind === "credit" && isAmount(amount)) this.#addCredit(amount);
    else if (kind === "end") this.source.end();
    else if (kind === "closed") this.#answer.end();
    else if (kind === "close") this.#onClose();
    else if (kind === "reset") {
      const reset = new Deno.errors.ConnectionReset("the other end gave the connection up");
      this.#onGone(reset);
    } else this.#refuse(`of type ${typeof data} that is none of this connection's`);
  }

  #receive(chunk: Bytes): void {
    try {
      this.source.put(chunk);
    } catch (error) {
      this.source.end(error);
    }
  }

  #refuse(what: string): void {
    this.source.end(new CarrierMessageError(`Cannot take message ${what}`));
  }

  #addCredit(bytes: number): void {
    this.#credit += bytes;
    this.#onCredit?.();
  }

  #onCrash(event: Event): void {
    const message = event instanceof ErrorEvent ? `: ${event.message}` : "";
    const crash = new ConnectionLostError(`Connection lost: the Worker has failed${message}`);
    this.#onGone(crash);
  }

  #onClose(): void {
    this.#post(["closed"]);
    this.#onGone();
  }

  #onGone(error?: Error): void {
    this.source.end(error);
    this.#loseCredit();
  }

  #loseCredit(): void {
    this.#isPeerGone = true;
    this.#answer.end();
    this.#onCredit?.();
  }

  #giveCredit(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken < WINDOW / 2 || this.source.hasEnded) return;
    this.#post(["credit", this.#taken]);
    this.#taken = 0;
  }
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value > 0 && value <= WINDOW;
}
