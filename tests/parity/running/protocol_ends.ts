/**
 * The ends of a scenario in the callback face: protocols and servers. Python twin: asyncio_ends.py.
 *
 * @module
 */

import {
  createConnection,
  createServer,
  type ListenOptions,
  type Server,
  type Transport,
} from "@sluice/net";
import { type ConnectOptions, End, type Operation } from "./end.ts";
import { ScenarioFault, showValue } from "./lane.ts";
import {
  labelOf,
  makeProtocol,
  type RecordingBufferedProtocol,
  type RecordingProtocol,
} from "./recording_protocol.ts";
import { DEFAULT_TEST_CAP, type ListenAddress } from "./scenario.ts";

/** A transport with a recording protocol. */
export class ProtocolEnd extends End {
  /** Set by `connectionMade`. */
  transport: Transport | null = null;

  protected override operations(): Readonly<Record<string, Operation>> {
    return {
      ...super.operations(),
      isBufferEmpty: () => this.#made.getWriteBufferSize() === 0,
      getWriteBufferLimits: () => {
        const { low, high } = this.#made.getWriteBufferLimits();
        return `low ${low} high ${high}`;
      },
      setProtocol: (label) => {
        const spec = this.world.protocol(String(label));
        this.#made.setProtocol(makeProtocol(this, String(label), spec));
      },
      getProtocol: () => labelOf(this.#made.getProtocol()),
      getExtraInfo: (name, ...fallback) => {
        const value: unknown = this.#made.getExtraInfo(String(name) as never, ...fallback);
        const isAddress = typeof value === "object" && value !== null && "hostname" in value;
        return isAddress ? showValue(value.hostname) : value;
      },
    };
  }

  protected override target(): object {
    return this.#made;
  }

  /** Makes the protocol of the connection. */
  factory(): RecordingProtocol | RecordingBufferedProtocol {
    for (const [operation, ...args] of this.spec.on?.["factory"] ?? []) {
      this.perform(operation, args);
    }
    return makeProtocol(this, null, this.spec);
  }

  override async connect(options: ConnectOptions): Promise<void> {
    await createConnection(() => this.factory(), options);
  }

  override made(): Promise<void> {
    return this.lane.wait("connectionMade");
  }

  override async tearDown(): Promise<void> {
    await super.tearDown();
    this.transport?.abort();
    await this.transport?.closed;
  }

  get #made(): Transport {
    if (this.transport === null) throw new ScenarioFault(`Cannot use ${this.name}: not connected`);
    return this.transport;
  }
}

/** A server; `expected` names the ends of the connections to come, in order. */
export class ServerEnd extends End {
  /** Ends whose connection is to come. */
  readonly expected: string[] = [];
  /** The port it listens on, or a port without a listener. */
  port = 0;
  /** Set by {@linkcode ServerEnd.listen}. */
  protected server: Server | null = null;

  protected override operations(): Readonly<Record<string, Operation>> {
    return {
      ...super.operations(),
      addresses: () => this.#made.addresses.length,
      dispose: () => this.#made[Symbol.asyncDispose](),
    };
  }

  protected override target(): object {
    return this.#made;
  }

  /** Listens, with options of the scenario. */
  async listen(address: ListenAddress, startServing: boolean): Promise<void> {
    const { maxWriteBuffer = DEFAULT_TEST_CAP } = this.spec;
    const onError = this.world.onError;
    await this.open({ ...address, startServing, maxWriteBuffer, onError });
    for (const address of this.server?.addresses ?? []) {
      const isOurs = address.transport === "tcp" && address.hostname === "127.0.0.1";
      if (isOurs) this.port = address.port;
    }
  }

  /** Opens a server whose connections are protocol ends. */
  protected async open(options: ListenOptions): Promise<void> {
    this.server = await createServer(() => {
      const end = this.nextEnd();
      if (end instanceof ProtocolEnd) return end.factory();
      throw new ScenarioFault(`Cannot accept ${end.name}: it is no protocol`);
    }, options);
  }

  /** The end of the connection that just came; one that is not expected is a stranger. */
  protected nextEnd(): End {
    return this.world.end(this.expected.shift() ?? "stranger");
  }

  override made(): Promise<void> {
    return Promise.resolve();
  }

  override async tearDown(): Promise<void> {
    await super.tearDown();
    this.server?.close();
    this.server?.abortClients();
    await this.server?.waitClosed();
  }

  get #made(): Server {
    if (this.server === null) throw new ScenarioFault(`Cannot use ${this.name}: not listening`);
    return this.server;
  }
}
