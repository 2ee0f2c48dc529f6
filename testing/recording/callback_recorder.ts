import { type Check, check } from "../../protocols/option_checks.ts";
import { signalOf, type WaitOptions } from "../../protocols/waits/wait_options.ts";
import { WaitQueue } from "../../protocols/waits/wait_queue.ts";
import type { WaitSignal } from "../../protocols/waits/wait_signal.ts";
import { giveTransport } from "../../protocols/base_protocol.ts";
import { type Bytes, copyOf } from "../../protocols/bytes.ts";
import type { BaseProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import { ConnectionLostError, InvalidStateError } from "../../protocols/errors.ts";
import { ReceiveBuffer } from "../../protocols/framing/receive_buffer.ts";

/** The callbacks that a recording protocol writes down. */
export type CallbackName =
  | "connectionMade"
  | "dataReceived"
  | "bufferUpdated"
  | "eofReceived"
  | "pauseWriting"
  | "resumeWriting"
  | "connectionLost";

/** Options for the wait for a callback. */
export interface UntilOptions extends WaitOptions {
  /**
   * How often the callback must have been called since the beginning.
   *
   * @default {1}
   */
  readonly count?: number;
}

const UNTIL_CHECKS: Readonly<Record<string, Check>> = { count: check.wholeNumber(1) };

/** The answer of `eofReceived`. */
type Answer = boolean | void | Promise<boolean | void>;

/**
 * Shared parts of the recording protocols: the calls so far, the bytes so far, and waiting for the
 * next.
 *
 * Each call is written down, then passed on to the protocol inside, whose answer counts. See
 * {@linkcode RecordingProtocol} for an example.
 */
export abstract class CallbackRecorder {
  readonly #inner: BaseProtocolCallbacks & { eofReceived?(): Answer };
  readonly #calls: CallbackName[] = [];
  readonly #received = new ReceiveBuffer();
  readonly #changed = new WaitQueue();
  #transport: Transport | null = null;
  #error: Error | null = null;

  /** Records for `inner`, any of whose callbacks may be missing. */
  constructor(inner: BaseProtocolCallbacks & { eofReceived?(): Answer }) {
    this.#inner = inner;
  }

  /** Every call so far, in order. */
  get calls(): readonly CallbackName[] {
    return this.#calls;
  }

  /**
   * The calls so far, with each run of `dataReceived` or of `bufferUpdated` shown once: into how
   * many chunks the bytes were cut means nothing.
   */
  get order(): CallbackName[] {
    return this.#calls.filter((name, index) =>
      name !== this.#calls[index - 1] || (name !== "dataReceived" && name !== "bufferUpdated")
    );
  }

  /** All bytes received so far, as one copy. */
  get received(): Bytes {
    return this.#received.peek(this.#received.length);
  }

  /** {@linkcode received}, read as UTF-8. */
  get receivedText(): string {
    return new TextDecoder().decode(this.received);
  }

  /** How many bytes were received so far. */
  get receivedLength(): number {
    return this.#received.length;
  }

  /**
   * The transport that `connectionMade` was given.
   *
   * @throws {InvalidStateError} If it was not called yet.
   */
  get transport(): Transport {
    if (this.#transport === null) {
      throw new InvalidStateError("Cannot give transport: connectionMade was not called");
    }
    return this.#transport;
  }

  /** The argument of `connectionLost`; `null` before that call as well. */
  get error(): Error | null {
    return this.#error;
  }

  /** How often a callback was called. */
  count(callback: CallbackName): number {
    return this.#calls.filter((name) => name === callback).length;
  }

  /**
   * Waits until a callback was called, or returns at once if it was already.
   *
   * @param callback Which callback.
   * @param options How often, and a signal to end the wait.
   * @throws {ConnectionLostError} If the connection ends before that.
   */
  async until(callback: CallbackName, options: UntilOptions = {}): Promise<void> {
    const signal = signalOf(`wait for ${callback}`, options, UNTIL_CHECKS);
    const { count = 1 } = options;
    const what = count === 1 ? callback : `call ${count} of ${callback}`;
    await this.#wait(() => this.count(callback) >= count, what, signal);
  }

  /**
   * Waits until that many bytes were received in all.
   *
   * @param length How many bytes, since the beginning.
   * @param options A signal to end the wait.
   * @throws {ConnectionLostError} If the connection ends before that.
   */
  async untilReceived(length: number, options: WaitOptions = {}): Promise<void> {
    const signal = signalOf("wait for bytes", options);
    await this.#wait(() => this.#received.length >= length, `byte ${length}`, signal);
  }

  /** Records the call, passes it on and returns the answer. */
  connectionMade(transport: Transport): unknown {
    this.#transport = transport;
    this.record("connectionMade");
    giveTransport(this.#inner, transport);
    return this.#inner.connectionMade?.(transport);
  }

  /** Records the call, passes it on and returns the answer. */
  connectionLost(error: Error | null): unknown {
    this.#error = error;
    this.record("connectionLost");
    return this.#inner.connectionLost?.(error);
  }

  /** Records the call, passes it on and returns the answer. */
  pauseWriting(): unknown {
    this.record("pauseWriting");
    return this.#inner.pauseWriting?.();
  }

  /** Records the call, passes it on and returns the answer. */
  resumeWriting(): unknown {
    this.record("resumeWriting");
    return this.#inner.resumeWriting?.();
  }

  /** Records the call, passes it on and returns the answer. */
  eofReceived(): boolean | void | Promise<boolean | void> {
    this.record("eofReceived");
    return this.#inner.eofReceived?.();
  }

  /** Writes down a call, and a copy of the bytes that came with it. */
  protected record(callback: CallbackName, bytes?: Uint8Array): void {
    this.#calls.push(callback);
    if (bytes !== undefined) this.#received.append(copyOf(bytes));
    this.#changed.release();
  }

  /** Waits for a condition that only a callback makes true. */
  async #wait(isMet: () => boolean, what: string, signal?: WaitSignal): Promise<void> {
    signal?.throwIfAborted();
    while (!isMet()) {
      if (this.#calls.includes("connectionLost")) throw this.#lostBefore(what);
      await this.#changed.wait(signal);
    }
  }

  #lostBefore(what: string): ConnectionLostError {
    return new ConnectionLostError(
      `Cannot wait for ${what}: the connection ended after ${this.order.join(", ")}`,
      this.#error === null ? {} : { cause: this.#error },
    );
  }
}
