import type { AnyProtocol, Transport } from "../../../protocols/contract.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import type { Server } from "../../../transports/servers/server.ts";

/** A server: its protocol factory, and the transport of the first connection. */
export interface FirstAccepted {
  /** For the server. */
  readonly accept: () => AnyProtocol;
  /** Resolves when the protocol is told of its connection, and before it can end that. */
  readonly accepted: Promise<Transport>;
}

/** Puts a factory around another that tells of the first connection. */
export function firstAccepted(factory: () => AnyProtocol): FirstAccepted {
  const accepted = Promise.withResolvers<Transport>();
  const accept = (): AnyProtocol => {
    const protocol = factory();
    const told = protocol.connectionMade?.bind(protocol);
    protocol.connectionMade = (transport) => {
      accepted.resolve(transport);
      told?.(transport);
    };
    return protocol;
  };
  return { accept, accepted: accepted.promise };
}

/** A client and what a server accepted, for a battery: `listen` and `connect` make both. */
export async function serverPair(
  factoryB: () => AnyProtocol,
  listen: (accept: () => AnyProtocol) => Promise<Server>,
  connect: (server: Server) => Promise<{ readonly transport: Transport }>,
): ReturnType<MakeTransportPair> {
  const { accept, accepted } = firstAccepted(factoryB);
  const server = await listen(accept);
  const a = await connect(server);
  return [a, { transport: await accepted }, async () => {
    await server.shutdown({ grace: 0 });
  }];
}
