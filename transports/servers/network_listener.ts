import type { Address } from "../../protocols/facts/address.ts";
import type { Carrier } from "../core/carrier.ts";

/** A bound place where connections arrive: what a network gives a server. */
export interface NetworkListener {
  /** Where it listens, with the port that was found if 0 was asked for. */
  readonly address: Address;
  /** Resolves to the next connection. */
  accept(): Promise<Carrier>;
  /** Stops listening; a pending accept rejects. */
  close(): void;
  /** Keeps the process alive while it listens, as it does at first. Absent where it never does. */
  ref?(): void;
  /** Lets the process end though it listens. */
  unref?(): void;
}
