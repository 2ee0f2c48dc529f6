import type { Address } from "../../protocols/address.ts";
import type { Carrier } from "../core/carrier.ts";
import type { Listener } from "./acceptor.ts";

/** A bound place where connections arrive: what a network gives a server. */
export interface NetworkListener extends Listener<Carrier> {
  /** Where it listens, with the port that was found if 0 was asked for. */
  readonly address: Address;
}
