import { assert, assertEquals } from "@std/assert";
import type { Address } from "../../../protocols/facts/address.ts";
import type { Bytes } from "../../../protocols/bytes.ts";
import type {
  Datagram,
  DatagramProtocolCallbacks,
  DatagramTransport,
} from "../../../protocols/datagram_contract.ts";
import { WaitQueue } from "../../../protocols/waits/wait_queue.ts";
import type {
  DatagramGap,
  MakeDatagramEndpoint,
  MakeDatagramOptions,
} from "../../make_datagram_endpoint.ts";
import { type BatteryCase, namedCases } from "../battery_case.ts";
import type { Random } from "../random.ts";

/** An endpoint that a case looks at, and what it was told. */
export class RecordedEndpoint implements DatagramProtocolCallbacks {
  /** The callbacks, in order. */
  readonly calls: string[] = [];
  /** The datagrams that arrived. */
  readonly received: Datagram[] = [];
  /** The errors that `errorReceived` was given. */
  readonly errors: Error[] = [];
  /** The errors that `onError` was given, with the callback. */
  readonly reported: { readonly callback: string; readonly error: Error }[] = [];
  readonly borrowsChunks: boolean;
  readonly #inner: DatagramProtocolCallbacks;
  readonly #changed = new WaitQueue();
  #transport: DatagramTransport | null = null;

  /** The callbacks given here come after the record. */
  constructor(inner: DatagramProtocolCallbacks = {}) {
    this.#inner = inner;
    this.borrowsChunks = inner.borrowsChunks ?? false;
  }

  /** The endpoint. */
  get transport(): DatagramTransport {
    assert(this.#transport !== null, "connectionMade was not called");
    return this.#transport;
  }

  /** Where it is. */
  get address(): Address {
    const address = this.transport.getExtraInfo("sockname");
    assert(address !== null, "it has no sockname");
    return address;
  }

  /** The datagrams that arrived, as text. */
  get texts(): readonly string[] {
    return this.received.map(({ data }) => new TextDecoder().decode(data));
  }

  connectionMade(transport: DatagramTransport): void {
    this.#transport = transport;
    this.#record("connectionMade");
    return this.#inner.connectionMade?.(transport);
  }

  connectionLost(error: Error | null): void {
    this.#record("connectionLost");
    return this.#inner.connectionLost?.(error);
  }

  datagramReceived(data: Bytes, address: Address): unknown {
    this.received.push({ data: this.borrowsChunks ? new Uint8Array(data) : data, address });
    this.#record("datagramReceived");
    return this.#inner.datagramReceived?.(data, address);
  }

  errorReceived(error: Error): void {
    this.errors.push(error);
    this.#record("errorReceived");
    return this.#inner.errorReceived?.(error);
  }

  pauseWriting(): void {
    this.#record("pauseWriting");
    return this.#inner.pauseWriting?.();
  }

  resumeWriting(): void {
    this.#record("resumeWriting");
    return this.#inner.resumeWriting?.();
  }

  /** Notes what was reported. */
  onError(error: Error, callback: string): void {
    this.reported.push({ callback, error });
    this.#changed.release();
  }

  /** How often a callback was called. */
  count(callback: string): number {
    return this.calls.filter((call) => call === callback).length;
  }

  /** Resolves when that many datagrams have arrived. */
  async arrived(count: number): Promise<void> {
    await this.until(() => this.received.length >= count);
  }

  /** Resolves when something that a callback changes is so. */
  async until(isMet: () => boolean): Promise<void> {
    while (!isMet()) await this.#changed.wait();
  }

  #record(callback: string): void {
    this.calls.push(callback);
    this.#changed.release();
  }
}

/** One thing that every endpoint must do. */
export type DatagramCase = BatteryCase<DatagramScene, DatagramGap>;

/** The cases of one subject, by their names; the limits are the same for all. */
export const casesOf: typeof namedCases<DatagramScene, DatagramGap> = namedCases;

/** The endpoints of one run of a case: it opens them, and closes and checks them afterwards. */
export class DatagramScene {
  /** Where the case gets its choices and its data from. */
  readonly random: Random;
  readonly #make: MakeDatagramEndpoint;
  readonly #endpoints: RecordedEndpoint[] = [];

  /** Opens its endpoints with `make`. */
  constructor(make: MakeDatagramEndpoint, random: Random) {
    this.#make = make;
    this.random = random;
  }

  /** An endpoint whose callbacks are recorded; those given here come after the record. */
  async open(
    inner: DatagramProtocolCallbacks = {},
    options: MakeDatagramOptions = {},
  ): Promise<RecordedEndpoint> {
    const endpoint = new RecordedEndpoint(inner);
    const onError: MakeDatagramOptions["onError"] = (error, { callback }) =>
      endpoint.onError(error, callback);
    const { transport } = await this.#make(() => endpoint, { onError, ...options });
    assert(transport === endpoint.transport, "connectionMade was handed another transport");
    this.#endpoints.push(endpoint);
    return endpoint;
  }

  /** Ends every endpoint, and checks each for the rules that hold in every case. */
  async end(): Promise<void> {
    for (const { transport } of this.#endpoints) transport.abort();
    await Promise.all(this.#endpoints.map(({ transport }) => transport.closed));
    for (const { calls, reported } of this.#endpoints) {
      assertEquals([calls[0], calls.at(-1)], ["connectionMade", "connectionLost"]);
      const once = calls.filter((call) => call.startsWith("connection"));
      assertEquals(once, ["connectionMade", "connectionLost"]);
      const marks = calls.filter((call) => call.endsWith("Writing"));
      marks.forEach((mark, index) =>
        assertEquals(mark, index % 2 === 0 ? "pauseWriting" : "resumeWriting")
      );
      assertEquals(reported, [], "exceptions were reported that no callback threw");
    }
  }

  /** Ends every endpoint and waits for none: the case has failed. */
  abandon(): void {
    for (const { transport } of this.#endpoints) transport.abort();
  }

  /** The events of the endpoints so far, as text. */
  describe(): string {
    return this.#endpoints.map(({ calls }, index) => `  ${index}: ${calls.join(", ")}`).join("\n");
  }
}
