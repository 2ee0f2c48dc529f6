import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { createConnection, createUnixConnection } from "../../../transports/create_connection.ts";
import { createServer, createUnixServer } from "../../../transports/create_server.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import type { TlsOptions } from "../../../transports/tls/tls_options.ts";
import { serverPair } from "./server_pair.ts";
import { socketPath } from "../places/socket_path.ts";
import { localhost, trusting } from "../certificates/certificates.ts";

/** A client and what a server accepted, over TCP, with the engine that is asked for at each end. */
export function tlsPair(
  clientEngine: "native" | "layer",
  serverEngine: "native" | "layer",
  more: TlsOptions = {},
): MakeTransportPair {
  return (factoryA, factoryB, options) =>
    serverPair(
      factoryB,
      (accept) =>
        createServer(accept, {
          port: 0,
          tls: { ...localhost, engine: serverEngine, ...more },
          ...options,
        }),
      (server) =>
        createConnection(factoryA, {
          port: server.port,
          tls: { ...trusting, engine: clientEngine, ...more },
          ...options,
        }),
    );
}

/** The same over a Unix socket, where only the layer can do it, and with TLS 1.2. */
export const tlsUnixPair: MakeTransportPair = unixPair;

/** The same inside this process. */
export const tlsMemoryPair: MakeTransportPair = memoryPair;

async function unixPair(...args: Parameters<MakeTransportPair>): ReturnType<MakeTransportPair> {
  const [factoryA, factoryB, options] = args;
  const path = await socketPath();
  const maxVersion = "TLSv1.2";
  return await serverPair(
    factoryB,
    (accept) => createUnixServer(accept, { path, tls: { ...localhost, maxVersion }, ...options }),
    () => createUnixConnection(factoryA, { path, tls: { ...trusting, maxVersion }, ...options }),
  );
}

function memoryPair(...args: Parameters<MakeTransportPair>): ReturnType<MakeTransportPair> {
  const [factoryA, factoryB, options] = args;
  return memoryTransportPair(factoryA, factoryB, { tls: [trusting, localhost], ...options });
}
