import type { Address } from "../../../protocols/facts/address.ts";
import type { Bytes } from "../../../protocols/bytes.ts";
import type {
  Datagram,
  DatagramProtocolCallbacks,
  DatagramTransport,
} from "../../../protocols/datagram_contract.ts";

/** A datagram protocol that writes down what it is told, and lets a test wait for it. */
export class DatagramLog implements DatagramProtocolCallbacks {
  /** The datagrams that arrived. */
  readonly received: Datagram[] = [];
  /** The errors that `errorReceived` was given. */
  readonly errors: Error[] = [];
  /** The callbacks, in order. */
  readonly calls: string[] = [];
  #waiting: (() => void)[] = [];

  /** The datagrams that arrived, as text. */
  get texts(): string[] {
    return this.received.map(({ data }) => new TextDecoder().decode(data));
  }

  connectionMade(_transport: DatagramTransport): void {
    this.#note("connectionMade");
  }

  connectionLost(_error: Error | null): void {
    this.#note("connectionLost");
  }

  datagramReceived(data: Bytes, address: Address): void {
    this.received.push({ data, address });
    this.#note("datagramReceived");
  }

  errorReceived(error: Error): void {
    this.errors.push(error);
    this.#note("errorReceived");
  }

  pauseWriting(): void {
    this.#note("pauseWriting");
  }

  resumeWriting(): void {
    this.#note("resumeWriting");
  }

  /** Resolves when that many datagrams have arrived. */
  arrived(count: number): Promise<void> {
    return this.until(() => this.received.length >= count);
  }

  /** Resolves when a callback has made something so. */
  async until(isMet: () => boolean): Promise<void> {
    while (!isMet()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #note(call: string): void {
    this.calls.push(call);
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
