import type { Bytes } from "../protocols/bytes.ts";
import type { AnyProtocol, Transport } from "../protocols/contract.ts";
import { TimeoutError, UnknownProtocolError } from "../protocols/errors.ts";
import { checkOptions } from "../protocols/option_checks.ts";
import { Protocol } from "../protocols/protocol.ts";
import { ReceiveBuffer } from "../protocols/framing/receive_buffer.ts";
import {
  SNIFF_BYTES,
  SNIFF_CHECKS,
  SNIFF_TIMEOUT,
  type SniffOptions,
} from "../protocols/sniff_options.ts";
import { type SniffCases, Sniffer } from "../protocols/sniffer.ts";
import { onAbort } from "../protocols/waits/wait_signal.ts";
import { toError } from "./core/error_report.ts";
import { makeProtocol } from "./core/callbacks.ts";
import { clockFor, startTimer } from "./core/clock.ts";

/**
 * Serves several protocols on one port: a factory of protocols that looks at the first bytes of a
 * connection and makes the protocol for them. That gets `connectionMade`, then all the bytes.
 *
 * A peer that does not say in time what it is has its connection ended with a `TimeoutError`, one
 * that is none of the cases with an `UnknownProtocolError`; both as the cases say. For streams
 * there is `sniff`.
 *
 * @example Echo for SSH, a greeting for others
 * ```ts
 * import { createServer, openConnection, Protocol } from "@sluice/net";
 * import { sniffProtocol } from "@sluice/net/transports";
 * import { assertEquals } from "@std/assert";
 *
 * class Echo extends Protocol {
 *   override dataReceived(chunk: Uint8Array): void {
 *     this.transport.write(chunk);
 *   }
 * }
 *
 * const factory = sniffProtocol({
 *   ssh: () => new Echo(),
 *   other: () => ({ connectionMade: (transport) => transport.write("not SSH\n") }),
 * });
 * await using server = await createServer(factory, { port: 0 });
 * for (const [sent, answer] of [["SSH-2.0-x\n", "SSH-2.0-x\n"], ["hello\n", "not SSH\n"]]) {
 *   await using client = await openConnection({ port: server.port });
 *   client.writer.write(sent!);
 *   assertEquals(await client.reader.readline({ as: "text" }), answer);
 * }
 * ```
 *
 * @param cases Makes the protocol, by the first bytes.
 * @param options How long it may take, how many bytes may be looked at, and a signal.
 * @returns A factory, for `createServer`.
 * @throws {TypeError} If a case is of the wrong kind.
 */
export function sniffProtocol(
  cases: SniffCases<() => AnyProtocol>,
  options: SniffOptions = {},
): () => Protocol {
  checkOptions("sniff", options, SNIFF_CHECKS);
  const sniffer = new Sniffer(cases);
  return () => new SniffingProtocol(sniffer, options);
}

/** Holds the place of the protocol until the first bytes decide. */
class SniffingProtocol extends Protocol {
  readonly #sniffer: Sniffer<() => AnyProtocol>;
  readonly #options: SniffOptions;
  readonly #head = new ReceiveBuffer();
  #stop = (): void => {};

  constructor(sniffer: Sniffer<() => AnyProtocol>, options: SniffOptions) {
    super();
    this.#sniffer = sniffer;
    this.#options = options;
  }

  override connectionMade(transport: Transport): void {
    super.connectionMade(transport);
    const { timeout = SNIFF_TIMEOUT, signal } = this.#options;
    const cancel = startTimer(timeout, () => this.#onTime(timeout), clockFor(transport));
    const abort = () => transport.abort(toError(signal?.reason));
    const stop = onAbort(signal, abort);
    this.#stop = () => {
      cancel();
      stop();
    };
    if (signal?.aborted) abort();
  }

  override dataReceived(chunk: Bytes): void {
    this.#head.append(chunk);
    this.#decide(false);
  }

  override eofReceived(): boolean {
    if (this.#head.length > 0) this.#decide(true);
    // The protocol that was made gets the end after the bytes, and decides.
    return this.transport.getProtocol() !== this;
  }

  override connectionLost(): void {
    this.#stop();
  }

  #decide(isEnded: boolean): void {
    const { maxBytes = SNIFF_BYTES } = this.#options;
    const head = this.#head.peek(Math.min(maxBytes, this.#head.length));
    const make = this.#sniffer.decide(head, isEnded || head.length === maxBytes);
    if (make) this.#handOver(make);
    else if (make === null) this.transport.abort(new UnknownProtocolError(head));
  }

  #onTime(timeout: number): void {
    const { length } = this.#head;
    const head = this.#head.peek(length);
    const make = length === 0 ? this.#sniffer.silent : this.#sniffer.decide(head, true);
    const error = new TimeoutError(`Cannot sniff within ${timeout} ms`, timeout);
    try {
      if (make) this.#handOver(make);
      else this.transport.abort(error);
    } catch (thrown) {
      this.transport.abort(toError(thrown));
    }
  }

  /** Makes the protocol, which gets all the bytes. */
  #handOver(make: () => AnyProtocol): void {
    const { transport } = this;
    this.#stop();
    const protocol = makeProtocol(make);
    transport.setProtocol(protocol, { unread: this.#head.takeAll() });
    protocol.connectionMade?.(transport);
  }
}
