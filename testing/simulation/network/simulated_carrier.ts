import { SocketCarrier } from "../../../transports/carriers/socket_carrier.ts";
import type { CarrierOutcome } from "../../../transports/core/carrier.ts";
import type { SimulatedConnection } from "./connection.ts";

/** A simulated connection under a transport: as a socket of Deno's, and it can be reset. */
export class SimulatedCarrier extends SocketCarrier {
  readonly #connection: SimulatedConnection;
  readonly #resetsOnAbort: boolean;

  /** `resetsOnAbort`: whether an end that is not in good order resets the connection. */
  constructor(connection: SimulatedConnection, resetsOnAbort: boolean = false) {
    // All of Deno.Conn but the number of its resource, which nothing of the library asks for.
    super(connection as unknown as Deno.Conn);
    connection.isDriven = true;
    this.#connection = connection;
    this.#resetsOnAbort = resetsOnAbort;
  }

  /** Whether {@linkcode close} can reset the connection. */
  get canReset(): boolean {
    return this.#connection.localAddr.transport === "tcp";
  }

  override close({ endedBy, error, reset = this.#resetsOnAbort }: CarrierOutcome): void {
    const isAborted = endedBy === "abort" || error !== null;
    if (isAborted && reset && this.canReset) this.#connection.reset();
    else super.close();
  }
}
