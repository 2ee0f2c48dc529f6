/**
 * The scenario format, as README.md describes it.
 *
 * @module
 */

/** One step: an operation and its arguments. */
export type Step = readonly [operation: string, ...args: unknown[]];

/** How a protocol of a scenario behaves. */
export interface ProtocolSpec {
  /** `"buffered"` for a BufferedProtocol. */
  readonly kind?: "protocol" | "buffered";
  /** Size of the buffer that a BufferedProtocol lends, in bytes. */
  readonly bufferSize?: number;
  /** The answer of `eofReceived`. */
  readonly eofReturns?: boolean;
  /** Writes back all that arrives. */
  readonly echo?: boolean;
  /** The steps to take when a callback is called for the first time. */
  readonly on?: Readonly<Record<string, readonly Step[]>>;
}

/** How an end of a scenario behaves. */
export interface EndSpec extends ProtocolSpec {
  /** Which face of a connection it is. */
  readonly face?: "protocol" | "streams" | "reader" | "raw";
  /** False shows received bytes as `*`: how many they are is not determined. */
  readonly countBytes?: boolean;
  /** The limit of a stream reader, in bytes. */
  readonly limit?: number;
  /** The cap of the write buffer, which asyncio does not have, in bytes. */
  readonly maxWriteBuffer?: number;
  /** `"returns"` for a stream handler that is an ordinary function. */
  readonly handler?: "returns";
}

/** A deviation that is meant: its row in differences.json, and our own trace where it deviates. */
export interface Difference {
  readonly row: string;
  readonly trace: Trace;
}

/** One scenario. */
export interface Scenario {
  readonly name: string;
  readonly about?: string;
  readonly transport?: "tcp" | "unix";
  readonly setup?: "pair" | "none" | "reader";
  readonly faces?: "protocol" | "streams";
  readonly ends?: Readonly<Record<string, EndSpec>>;
  readonly protocols?: Readonly<Record<string, ProtocolSpec>>;
  readonly steps: readonly Step[];
  readonly differs?: Difference;
}

/** The events at each end. */
export type Trace = Readonly<Record<string, readonly string[]>>;

/** Where to connect to. */
export interface ConnectAddress {
  readonly hostname?: string;
  readonly port?: number;
  readonly path?: string;
}

/** Where to listen. */
export interface ListenAddress extends Omit<ConnectAddress, "hostname"> {
  readonly hostname?: string | readonly string[];
}

/** The parts of an address in a step; the runner fills in the rest. */
export interface AddressSpec extends ListenAddress {
  /** The server to connect to. */
  readonly to?: string;
  /** The server whose port is meant. */
  readonly portOf?: string;
  /** False leaves the address out altogether. */
  readonly address?: false;
  /** False binds only. */
  readonly startServing?: boolean;
}

/** The `maxWriteBuffer` of scenarios that are not about it, in bytes: asyncio has no cap. */
export const DEFAULT_TEST_CAP = 134_217_728;

const encoder = new TextEncoder();

/** Bytes from the scenario's notation: text is UTF-8, a number is that many pattern bytes. */
export function decodeData(notation: unknown): unknown {
  if (typeof notation === "string") return encoder.encode(notation);
  if (typeof notation === "number") return patternBytes(notation);
  if (Array.isArray(notation)) return notation.map(decodeData);
  if (typeof notation === "object" && notation !== null && "value" in notation) {
    return notation.value;
  }
  return notation;
}

/** `length` bytes 0, 1, … 250, 0, 1, …: a lost or doubled byte changes the checksum. */
function patternBytes(length: number): Uint8Array<ArrayBuffer> {
  const period = 251;
  const bytes = new Uint8Array(length);
  for (let index = 0; index < Math.min(period, length); index++) bytes[index] = index;
  for (let done = period; done < length; done *= 2) bytes.copyWithin(done, 0, done);
  return bytes;
}
