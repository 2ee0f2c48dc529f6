import type { Bytes } from "../../../protocols/bytes.ts";
import type { Transport } from "../../../protocols/contract.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import type { Carrier } from "../../../transports/core/carrier.ts";
import { connectAcceptedSocket } from "../../../transports/connect_accepted_socket.ts";
import { connectCarrier } from "../../../transports/core/connect_carrier.ts";
import { connectStreams } from "../../../transports/connect_streams.ts";
import { createConnection } from "../../../transports/create_connection.ts";
import { createServer } from "../../../transports/create_server.ts";
import { createUnixConnection } from "../../../transports/create_unix_connection.ts";
import { createUnixServer } from "../../../transports/create_unix_server.ts";
import type { LayerFactory } from "../../../transports/core/transport_options.ts";
import { TransportWrapper } from "../../../transports/core/transport_wrapper.ts";
import { serverPair } from "./server_pair.ts";
import { socketPath } from "../places/socket_path.ts";

/** A client and what a server accepted, over TCP. */
const tcpPair: MakeTransportPair = (factoryA, factoryB, options) =>
  serverPair(
    factoryB,
    (accept) => createServer(accept, { port: 0, ...options }),
    (server) => createConnection(factoryA, { port: server.port, ...options }),
  );

/** {@linkcode tcpPair} with layers at both ends, those of one end not always those of the other. */
function layeredTcpPair(
  layersA: readonly LayerFactory[],
  layersB: readonly LayerFactory[],
): MakeTransportPair {
  return async (factoryA, factoryB, options) => {
    const accepted = Promise.withResolvers<Transport>();
    // On top of all: a layer may let nothing come up before the other end has spoken.
    const top: LayerFactory = (upper) => ({
      connectionMade(transport: Transport): void {
        transport.setProtocol(upper);
        accepted.resolve(transport);
        upper.connectionMade?.(transport);
      },
      connectionLost: (error) => upper.connectionLost?.(error),
    });
    const server = await createServer(factoryB, {
      port: 0,
      ...options,
      layers: [...layersB, top],
    });
    const a = await createConnection(factoryA, {
      port: server.port,
      ...options,
      layers: layersA,
    });
    return [a, { transport: await accepted.promise }, async () => {
      await server.shutdown({ grace: 0 });
    }];
  };
}

/** {@linkcode tcpPair} over a Unix socket. */
const unixPair: MakeTransportPair = async (factoryA, factoryB, options) => {
  const path = await socketPath();
  return await serverPair(
    factoryB,
    (accept) => createUnixServer(accept, { path, ...options }),
    () => createUnixConnection(factoryA, { path, ...options }),
  );
};

/** Both ends of a TCP connection that was made by other means. */
const acceptedSocketPair: MakeTransportPair = async (factoryA, factoryB, options) => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [connA, connB] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  return [
    await connectAcceptedSocket(factoryA, connA, options),
    await connectAcceptedSocket(factoryB, connB, options),
  ];
};

/** Wrappers around both ends of {@linkcode tcpPair}. */
const wrappedPair: MakeTransportPair = async (...args) => {
  const [a, b, cleanup = () => {}] = await tcpPair(...args);
  return [
    { transport: new TransportWrapper(a.transport) },
    { transport: new TransportWrapper(b.transport) },
    cleanup,
  ];
};

/** Both ends over a pair of Web streams. */
const streamsPair: MakeTransportPair = async (factoryA, factoryB, options) => {
  const there = new TransformStream<Bytes, Bytes>();
  const back = new TransformStream<Bytes, Bytes>();
  return [
    await connectStreams(factoryA, { readable: back.readable, writable: there.writable }, options),
    await connectStreams(factoryB, { readable: there.readable, writable: back.writable }, options),
  ];
};

/** Carriers whose source is a plain async generator, which cannot read into a given buffer. */
const generatorPair: MakeTransportPair = (...args) => beltPair(carrierOf, ...args);

/** The same, which can end both directions only. */
const generatorPairWithoutHalfClose: MakeTransportPair = (...args) =>
  beltPair((incoming, outgoing) => {
    const { closeWrite: _, ...carrier } = carrierOf(incoming, outgoing);
    return carrier;
  }, ...args);

async function beltPair(
  makeCarrier: (incoming: Belt, outgoing: Belt) => Carrier,
  ...[factoryA, factoryB, options]: Parameters<MakeTransportPair>
): ReturnType<MakeTransportPair> {
  const there = new Belt();
  const back = new Belt();
  return [
    await connectCarrier(factoryA, makeCarrier(there, back), options),
    await connectCarrier(factoryB, makeCarrier(back, there), options),
  ];
}

function carrierOf(incoming: Belt, outgoing: Belt): Carrier {
  return {
    source: incoming.chunks(),
    write: (bytes) => outgoing.put(bytes),
    closeWrite: () => outgoing.end(),
    close: () => {
      void outgoing.end();
      incoming.abandon();
    },
    getExtraInfo: () => undefined,
  };
}

/** Carries one chunk at a time, of at most 20,000 bytes. */
class Belt {
  #chunk: Bytes | null = null;
  #isEnded = false;
  #isAbandoned = false;
  #changed = Promise.withResolvers<void>();

  async *chunks(): AsyncGenerator<Bytes, void, unknown> {
    while (this.#chunk !== null || !this.#isEnded) {
      if (this.#chunk === null) {
        await this.#changed.promise;
        continue;
      }
      const chunk = this.#chunk;
      this.#chunk = null;
      this.#change();
      yield chunk;
    }
  }

  async put(bytes: Uint8Array): Promise<number> {
    while (this.#chunk !== null && !this.#isAbandoned) await this.#changed.promise;
    if (this.#isAbandoned) throw new Error("The other end is gone");
    this.#chunk = bytes.slice(0, 20_000);
    this.#change();
    return this.#chunk.length;
  }

  // deno-lint-ignore require-await -- a promise, as Carrier says
  async end(): Promise<void> {
    this.#isEnded = true;
    this.#change();
  }

  abandon(): void {
    this.#isAbandoned = true;
    this.#isEnded = true;
    this.#chunk = null;
    this.#change();
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

export {
  acceptedSocketPair,
  generatorPair,
  generatorPairWithoutHalfClose,
  layeredTcpPair,
  streamsPair,
  tcpPair,
  unixPair,
  wrappedPair,
};
