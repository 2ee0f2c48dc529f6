import type { WriteBufferLimits } from "../../protocols/contract.ts";
import type { DatagramTransport } from "../../protocols/datagram_contract.ts";
import type { ErrorHandler } from "../core/error_report.ts";
import { checkTimeout } from "../core/timeouts.ts";
import { checkTransportOptions, DEFAULT_MAX_WRITE_BUFFER } from "../core/transport_options.ts";
import type { DatagramBindOptions } from "./datagram_carrier.ts";
import { checkPort } from "./_destination.ts";
import type { EndpointOptions } from "./endpoint_transport.ts";
import type { ReceivePolicy } from "./_incoming.ts";
import type { SendPolicy } from "./_outgoing.ts";

/** Four times what Linux holds for a socket. */
const MAX_READ_BUFFER = 1_048_576;

const CLOSE_TIMEOUT = 10_000;

/** Options for an endpoint of any kind, in memory too. */
export interface DatagramQueueOptions {
  /**
   * When to pause and resume the sender, in bytes; each datagram counts 8 more than it has.
   *
   * @default {{ high: 65536, low: 16384 }}
   */
  readonly writeBufferLimits?: Partial<WriteBufferLimits>;
  /**
   * The most that may be queued for sending, in bytes. What comes while more is queued is treated as
   * `sendPolicy` says.
   *
   * @default {16777216}
   */
  readonly maxWriteBuffer?: number;
  /**
   * What happens to datagrams while the send queue is full. All that are dropped are counted.
   *
   * - `"wait"`: `DatagramSocket.send` waits. `sendto`, which cannot, drops the new one; the first time
   *   `errorReceived` is told a `WriteBufferFullError`.
   * - `"drop-newest"`: the new one is dropped.
   * - `"drop-oldest"`: the one that has waited longest is dropped.
   *
   * @default {"wait"}
   */
  readonly sendPolicy?: SendPolicy;
  /**
   * The most that may wait to be delivered while reading is paused, in bytes; each datagram counts 256
   * more than it has.
   *
   * @default {1048576}
   */
  readonly maxReadBuffer?: number;
  /**
   * Which datagram is dropped when the receive queue is full. All that are dropped are counted.
   *
   * @default {"drop-newest"}
   */
  readonly receivePolicy?: ReceivePolicy;
  /**
   * How long `close()` gives what is queued to be sent, in milliseconds. The rest is dropped.
   *
   * @default {10000}
   */
  readonly closeTimeout?: number;
  /** Told of every exception that a callback throws; prints to the console by default. */
  readonly onError?: ErrorHandler<DatagramTransport>;
}

/** Where one end of an endpoint is: a port of a host, or the path of a Unix socket. */
export interface DatagramPlace {
  /**
   * The host, as a name or an IP address.
   *
   * @default {"127.0.0.1"}
   */
  readonly hostname?: string;
  /** The port of the host; 0 in `localAddr`, the default there, is any free one. */
  readonly port?: number;
  /** The path of a Unix socket, instead of `port`. Needs `--unstable-net`. */
  readonly path?: string;
}

/** Options for an endpoint. */
export interface DatagramEndpointOptions extends DatagramQueueOptions, DatagramBindOptions {
  /**
   * Where the endpoint is. By default it is bound to a free port: of the loopback interface if the
   * peer is there, else of all interfaces.
   */
  readonly localAddr?: DatagramPlace;
  /** The peer that the endpoint is connected to; its port is 1 to 65535. */
  readonly remoteAddr?: DatagramPlace;
  /** The family of addresses that a name must have, and of an endpoint without any address. */
  readonly family?: 4 | 6;
  /** Deno cannot do this for datagrams: `true` is refused. See `reuseAddress`. */
  readonly reusePort?: false;
  /** Ends the opening when it aborts, with its reason. The endpoint is open until it is closed. */
  readonly signal?: AbortSignal;
}

/**
 * Checks the options of every endpoint.
 *
 * @throws {TypeError} If one is of a wrong kind.
 * @throws {RangeError} If one is out of range.
 */
export function checkQueueOptions(options: DatagramQueueOptions): void {
  checkTransportOptions(pickLimits(options));
  checkTimeout("closeTimeout", options.closeTimeout);
  const { maxReadBuffer, sendPolicy, receivePolicy, onError } = options;
  if (maxReadBuffer !== undefined && !(maxReadBuffer >= 0)) {
    throw new RangeError(`Cannot set maxReadBuffer: ${maxReadBuffer} is not a size in bytes`);
  }
  checkChoice("sendPolicy", sendPolicy, ["wait", "drop-newest", "drop-oldest"]);
  checkChoice("receivePolicy", receivePolicy, ["drop-newest", "drop-oldest"]);
  if (onError !== undefined && typeof onError !== "function") {
    throw new TypeError(`Cannot set onError: ${String(onError)} is not a function`);
  }
}

/** Checks the options of the socket, as {@linkcode checkQueueOptions}. */
export function checkBindOptions(options: DatagramBindOptions): void {
  const { maxDatagramSize: size, ttl, multicast } = options;
  if (size !== undefined && !(Number.isInteger(size) && size >= 1 && size <= 1_048_576)) {
    throw new RangeError(`Cannot set maxDatagramSize: ${size} is not in 1 to 1048576 bytes`);
  }
  for (const name of ["reuseAddress", "allowBroadcast", "ipv6Only"] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== "boolean") {
      throw new TypeError(`Cannot set ${name}: ${String(value)} is neither true nor false`);
    }
  }
  checkTtl("ttl", ttl);
  if (multicast === undefined) return;
  if (typeof multicast !== "object" || multicast === null) {
    throw new TypeError(`Cannot set multicast: ${String(multicast)} is no object, give { ttl }`);
  }
  checkTtl("multicast.ttl", multicast.ttl);
}

/** The options with their defaults. */
export function resolveEndpointOptions(
  options: DatagramQueueOptions & DatagramBindOptions,
): EndpointOptions {
  return {
    writeBufferLimits: options.writeBufferLimits ?? {},
    maxWriteBuffer: options.maxWriteBuffer ?? DEFAULT_MAX_WRITE_BUFFER,
    sendPolicy: options.sendPolicy ?? "wait",
    maxReadBuffer: options.maxReadBuffer ?? MAX_READ_BUFFER,
    receivePolicy: options.receivePolicy ?? "drop-newest",
    closeTimeout: options.closeTimeout ?? CLOSE_TIMEOUT,
    ipv6Only: options.ipv6Only ?? false,
    onError: options.onError,
  };
}

/** What `checkTransportOptions` looks at. */
function pickLimits(options: DatagramQueueOptions) {
  const { writeBufferLimits, maxWriteBuffer } = options;
  return {
    ...(writeBufferLimits !== undefined && { writeBufferLimits }),
    ...(maxWriteBuffer !== undefined && { maxWriteBuffer }),
  };
}

function checkChoice(name: string, value: unknown, choices: readonly string[]): void {
  if (value === undefined || choices.includes(String(value))) return;
  throw new TypeError(`Cannot set ${name}: ${String(value)} is none of ${choices.join(", ")}`);
}

function checkTtl(name: string, ttl: number | undefined): void {
  if (ttl === undefined || (Number.isInteger(ttl) && ttl >= 1 && ttl <= 255)) return;
  throw new RangeError(`Cannot set ${name}: ${ttl} is not in 1 to 255`);
}

/** asyncio's names for options that have another one here, or none. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  hostname: "localAddr: { hostname }",
  port: "localAddr: { port }",
  path: "localAddr: { path }",
  local_addr: "localAddr",
  remote_addr: "remoteAddr",
  reuse_address: "reuseAddress",
  reuse_port: "reuseAddress",
  allow_broadcast: "allowBroadcast",
};

/** Checks where an endpoint is to be, as {@linkcode checkQueueOptions}. */
export function checkEndpointOptions(options: DatagramEndpointOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot open endpoint: ${String(options)} is no object of options`);
  }
  for (const [name, right] of Object.entries(OTHER_NAMES)) {
    if (name in options) {
      throw new TypeError(`Cannot open endpoint: "${name}" is no option, give ${right}`);
    }
  }
  const { localAddr, remoteAddr, family, signal } = options;
  const reusePort: unknown = options.reusePort;
  if (reusePort) {
    throw new TypeError(
      "Cannot set reusePort: Deno has it for no datagram socket; reuseAddress lets members of a " +
        "multicast group share a port",
    );
  }
  if (family !== undefined && family !== 4 && family !== 6) {
    throw new TypeError(`Cannot set family: ${String(family)} is neither 4 nor 6`);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`Cannot set signal: ${String(signal)} is no AbortSignal`);
  }
  if (localAddr === undefined && remoteAddr === undefined && family === undefined) {
    throw new TypeError(
      "Cannot open endpoint: neither localAddr nor remoteAddr nor family is given",
    );
  }
  checkPlace("localAddr", localAddr, 0);
  checkPlace("remoteAddr", remoteAddr, 1);
  const isUnix = [localAddr, remoteAddr].map((place) => place && place.path !== undefined);
  if (localAddr && remoteAddr && isUnix[0] !== isUnix[1]) {
    throw new TypeError("Cannot open endpoint: one of localAddr and remoteAddr has a path");
  }
}

function checkPlace(name: string, place: DatagramPlace | undefined, lowest: 0 | 1): void {
  if (place === undefined) return;
  if (typeof place !== "object" || place === null || Array.isArray(place)) {
    throw new TypeError(`Cannot set ${name}: ${String(place)} given, give { hostname, port }`);
  }
  const { hostname, port, path } = place;
  if (path !== undefined) {
    if (typeof path === "string" && path !== "" && hostname === undefined && port === undefined) {
      return;
    }
    throw new TypeError(
      `Cannot set ${name}: a path that is a text, or hostname and port, not both`,
    );
  }
  if (hostname !== undefined && (typeof hostname !== "string" || hostname === "")) {
    throw new TypeError(`Cannot set ${name}: hostname ${String(hostname)} is no host`);
  }
  if (port !== undefined || lowest === 1) checkPort(`Cannot set ${name}`, port, lowest);
}
