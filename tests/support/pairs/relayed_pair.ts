import type { Transport } from "../../../protocols/contract.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import type { Carrier } from "../../../transports/core/carrier.ts";
import { connectCarrier } from "../../../transports/core/connect_carrier.ts";
import { createServer } from "../../../transports/create_server.ts";
import { firstAccepted } from "./server_pair.ts";

/** A program that passes all bytes on between a carrier and a port. */
export interface Relay {
  /** The carrier of the first end. */
  readonly carrier: Carrier;
  /** Rejects if the program ends before it has connected to the port. */
  readonly failed?: Promise<never>;
  /** Waits for the end of the program, when both ends of the pair are closed. */
  end(): Promise<unknown>;
}

/** A pair whose first end is connected to a program, which relays to the second end. */
export function relayedPair(start: (port: number) => Promise<Relay>): MakeTransportPair {
  return async (factoryA, factoryB, options) => {
    const { accept, accepted } = firstAccepted(factoryB);
    const server = await createServer(accept, { port: 0, ...options });
    const { carrier, failed, end } = await start(server.port);
    // The other end comes first: an end that aborts at once must not keep it from being made.
    const b: Transport = await Promise.race([accepted, ...failed ? [failed] : []]);
    const a = await connectCarrier(factoryA, carrier, options);
    return [a, { transport: b }, async () => {
      await server.shutdown({ grace: 0 });
      await end();
    }];
  };
}
