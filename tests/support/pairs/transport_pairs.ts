import type { Bytes } from "../../../protocols/bytes.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { connectAcceptedSocket } from "../../../transports/connect_accepted_socket.ts";
import { connectStreams } from "../../../transports/connect_streams.ts";
import { createConnection, createUnixConnection } from "../../../transports/create_connection.ts";
import { createServer, createUnixServer } from "../../../transports/create_server.ts";
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

export { acceptedSocketPair, streamsPair, tcpPair, unixPair, wrappedPair };
