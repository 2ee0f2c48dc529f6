import { openConnection } from "../../../streams/open_connection.ts";
import { LiveStreamConnection, type StreamConnection } from "../../../streams/stream_connection.ts";
import { StreamReader, type StreamReaderOptions } from "../../../streams/reading/stream_reader.ts";
import { flowOf, StreamReaderProtocol } from "../../../streams/reading/stream_reader_protocol.ts";
import { createServer } from "../../../transports/create_server.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import type { TransportOptions } from "../../../transports/core/transport_options.ts";

/** The carrier of the bytes between two connections. */
export type Medium = "memory" | "tcp";

/** How both ends are made. */
export type PairOptions = StreamReaderOptions & TransportOptions;

/** Two connections that are connected to each other; both are aborted at the end of the scope. */
export class StreamPair implements AsyncDisposable {
  readonly a: StreamConnection;
  readonly b: StreamConnection;

  constructor(a: StreamConnection, b: StreamConnection) {
    this.a = a;
    this.b = b;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { transport } of [this.a, this.b]) transport.abort();
    await Promise.all([this.a.closed, this.b.closed]);
  }
}

/** Connects two streams in memory or over TCP. */
export function connectPair(
  medium: Medium = "memory",
  options: PairOptions = {},
): Promise<StreamPair> {
  return medium === "tcp" ? tcpPair(options) : memoryPair(options);
}

async function memoryPair({ limit, ...options }: PairOptions): Promise<StreamPair> {
  const factory = () => {
    const reader = new StreamReader(limit === undefined ? {} : { limit });
    return Object.assign(new StreamReaderProtocol(reader), { reader });
  };
  const [a, b] = await memoryTransportPair(factory, factory, options);
  return new StreamPair(
    new LiveStreamConnection(a.protocol.reader, flowOf(a.protocol)),
    new LiveStreamConnection(b.protocol.reader, flowOf(b.protocol)),
  );
}

async function tcpPair({ limit, ...options }: PairOptions): Promise<StreamPair> {
  const readerOptions = limit === undefined ? {} : { limit };
  const accepted = Promise.withResolvers<StreamConnection>();
  const server = await createServer(() => {
    const reader = new StreamReader(readerOptions);
    const protocol = new StreamReaderProtocol(reader, () => {
      accepted.resolve(new LiveStreamConnection(reader, flowOf(protocol)));
    });
    return protocol;
  }, { port: 0, ...options });
  const a = await openConnection({ port: server.port, ...options, ...readerOptions });
  const b = await accepted.promise;
  server.close();
  return new StreamPair(a, b);
}
