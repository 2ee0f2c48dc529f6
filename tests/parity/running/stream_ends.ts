/**
 * The ends of a scenario in the stream face. Python twin: asyncio_ends.py.
 *
 * @module
 */

import {
  openConnection,
  startServer,
  type StartServerOptions,
  type StreamConnection,
  StreamReader,
} from "@sluice/net";
import { type ConnectOptions, End, type Operation } from "./end.ts";
import { ScenarioError, ScenarioFault, showError, showValue } from "./lane.ts";
import { ServerEnd } from "./protocol_ends.ts";

const READER_OPERATIONS: ReadonlySet<string> = new Set([
  "atEof",
  "feedData",
  "feedEof",
  "read",
  "readexactly",
  "readline",
  "readuntil",
]);

const TRANSPORT_OPERATIONS: ReadonlySet<string> = new Set([
  "abort",
  "getWriteBufferLimits",
  "isReading",
  "pauseReading",
  "resumeReading",
  "setWriteBufferLimits",
]);

/** Operations on a reader that are more than one call. */
function readerOperations(end: End, reader: () => StreamReader): Record<string, Operation> {
  return {
    setException: () => reader().setException(new ScenarioError(end.lane)),
    exception: () => showError(reader().exception()),
    lines: async () => {
      const lines = [];
      for await (const line of reader()) lines.push(showValue(line));
      return lines.join("|") || "none";
    },
  };
}

/** A connection's reader and writer; on the server's side inside a handler that waits. */
export class StreamEnd extends End {
  readonly #arrived = Promise.withResolvers<void>();
  readonly #release = Promise.withResolvers<void>();
  #connection: StreamConnection | null = null;

  protected override language(): Readonly<Record<string, Operation>> {
    return {
      ...super.language(),
      return: () => this.#release.resolve(),
      throw: () => this.#release.reject(new ScenarioError(this.lane)),
    };
  }

  protected override operations(): Readonly<Record<string, Operation>> {
    return {
      ...super.operations(),
      ...readerOperations(this, () => this.#made.reader),
      isBufferEmpty: () => this.#made.transport.getWriteBufferSize() === 0,
    };
  }

  protected override target(operation: string): object {
    if (READER_OPERATIONS.has(operation)) return this.#made.reader;
    return TRANSPORT_OPERATIONS.has(operation) ? this.#made.transport : this.#made.writer;
  }

  override async connect(options: ConnectOptions): Promise<void> {
    const { limit } = this.spec;
    this.#arrive(await openConnection({ ...options, ...(limit !== undefined && { limit }) }));
  }

  /** The server's handler: it stays until the scenario lets it return or throw. */
  handle(connection: StreamConnection): void | Promise<void> {
    this.#arrive(connection);
    if (this.spec.handler !== "returns") return this.#release.promise;
  }

  override made(): Promise<void> {
    return this.#arrived.promise;
  }

  override async tearDown(): Promise<void> {
    await super.tearDown();
    this.#release.resolve();
    this.#connection?.transport.abort();
    await this.#connection?.closed;
  }

  #arrive(connection: StreamConnection): void {
    this.#connection = connection;
    this.#arrived.resolve();
  }

  get #made(): StreamConnection {
    if (this.#connection === null) {
      throw new ScenarioFault(`Cannot use ${this.name}: not connected`);
    }
    return this.#connection;
  }
}

/** A StreamReader on its own, fed by hand. */
export class ReaderEnd extends End {
  #reader: StreamReader | null = null;

  /** Makes the reader. */
  create(options: { readonly limit?: number } = this.spec): void {
    const { limit } = options;
    this.#reader = new StreamReader(limit === undefined ? {} : { limit });
  }

  protected override operations(): Readonly<Record<string, Operation>> {
    return {
      ...super.operations(),
      ...readerOperations(this, () => this.#made),
      // The data is this folder's own, so its shape is taken at its word.
      create: (options) => this.create(options as { limit?: number }),
    };
  }

  protected override target(): object {
    return this.#made;
  }

  override made(): Promise<void> {
    return Promise.resolve();
  }

  get #made(): StreamReader {
    if (this.#reader === null) throw new ScenarioFault(`Cannot use ${this.name}: not created`);
    return this.#reader;
  }
}

/** A server whose connections are stream ends. */
export class StreamServerEnd extends ServerEnd {
  protected override async open(options: StartServerOptions): Promise<void> {
    const { limit } = this.spec;
    this.server = await startServer((connection) => {
      const end = this.nextEnd();
      if (end instanceof StreamEnd) return end.handle(connection);
      throw new ScenarioFault(`Cannot accept ${end.name}: it is no stream`);
    }, { ...options, ...(limit !== undefined && { limit }) });
  }
}
