import type { Address } from "../../protocols/facts/address.ts";
import type { WriteBufferLimits } from "../../protocols/contract.ts";
import type { DatagramTransport } from "../../protocols/datagram_contract.ts";
import {
  type Check,
  check,
  checkOptions,
  type OptionName,
  optionsOf,
  type OptionTable,
  wrongKind,
} from "../../protocols/option_checks.ts";
import { checkIpv6Only } from "../core/ip_address.ts";
import type { ErrorHandler } from "../core/error_report.ts";
import { DEFAULT_MAX_WRITE_BUFFER } from "../core/transport_options.ts";
import { resolveWriteBufferLimits } from "../core/write/water_marks.ts";
import type { DatagramBindOptions } from "./datagram_carrier.ts";
import type { EndpointOptions } from "./endpoint_transport.ts";
import {
  checkInherited,
  SPECIAL_DATAGRAM_CHECKS,
  type SpecialDatagramOptions,
} from "./special_datagram_options.ts";
import type { ReceivePolicy, SendPolicy } from "./queue_policies.ts";

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
   * The most that may be queued for sending, in bytes. Datagrams beyond that are treated as
   * `sendPolicy` says.
   *
   * @default {16777216}
   */
  readonly maxWriteBuffer?: number;
  /**
   * The treatment of datagrams while the send queue is full. All that are dropped are counted.
   *
   * - `"wait"`: `DatagramSocket.send` waits. `sendto`, which cannot, drops the new one; the first
   *   time `errorReceived` is told a `WriteBufferFullError`.
   * - `"drop-newest"`: the new one is dropped.
   * - `"drop-oldest"`: the one that has waited longest is dropped.
   *
   * @default {"wait"}
   */
  readonly sendPolicy?: SendPolicy;
  /**
   * The most that may wait to be delivered while reading is paused, in bytes; each datagram counts
   * 256 more than it has.
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
   * How many milliseconds `close()` may take to send queued datagrams. The rest is dropped.
   *
   * @default {10000}
   */
  readonly closeTimeout?: number;
  /** Gets every exception of a callback; prints to the console by default. */
  readonly onError?: ErrorHandler<DatagramTransport>;
}

/** Where one end of an endpoint is: a port of a host, or the path of a Unix socket. */
export interface DatagramPlace {
  /** As in an address that was received, which can be given as it is. */
  readonly transport?: Address["transport"];
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
export interface DatagramOptions
  extends DatagramQueueOptions, DatagramBindOptions, SpecialDatagramOptions {
  /**
   * Where the endpoint is. By default it is bound to a free port: of the loopback interface if the
   * peer is there, else of all interfaces.
   */
  readonly localAddr?: DatagramPlace;
  /** The peer that the endpoint is connected to; its port is 1 to 65535. */
  readonly remoteAddr?: DatagramPlace;
  /** The family of addresses that a name must have, and of an endpoint without any address. */
  readonly family?: 4 | 6;
  /** Ends the opening when it aborts, with its reason. The endpoint is open until it is closed. */
  readonly signal?: AbortSignal;
}

const PLACE_CHECKS: OptionTable<DatagramPlace> = {
  transport: check.oneOf("udp", "unixpacket"),
  hostname: nonEmpty,
  port: check.wholeNumber(0, 65_535),
  path: nonEmpty,
};

const LIMITS: OptionTable<Partial<WriteBufferLimits>> = { high: check.size(), low: check.size() };

const QUEUE_CHECKS: OptionTable<DatagramQueueOptions> = {
  writeBufferLimits: optionsOf(LIMITS),
  maxWriteBuffer: check.size(),
  sendPolicy: check.oneOf("wait", "drop-newest", "drop-oldest"),
  maxReadBuffer: check.size(),
  receivePolicy: check.oneOf("drop-newest", "drop-oldest"),
  closeTimeout: check.duration({ zero: true }),
  onError: check.functionLike("(error, { callback }) => …"),
};

const TTL: Check = check.wholeNumber(1, 255);

const BIND_CHECKS: OptionTable<DatagramBindOptions> = {
  maxDatagramSize: check.wholeNumber(1, 1_048_576),
  reuseAddress: check.flag,
  allowBroadcast: check.flag,
  ipv6Only: check.flag,
  ttl: TTL,
  multicast: optionsOf({ ttl: TTL, loopback: check.flag, interface: check.text }),
};

/** The checks of {@linkcode DatagramOptions}. */
export const ENDPOINT_CHECKS: OptionTable<DatagramOptions> = {
  ...QUEUE_CHECKS,
  ...BIND_CHECKS,
  ...SPECIAL_DATAGRAM_CHECKS,
  localAddr: place(0),
  remoteAddr: place(1),
  family: check.oneOf(4, 6),
  signal: check.abortSignal,
};

/**
 * Checks the options of an endpoint of any kind.
 *
 * @throws {TypeError} If one is not known, or of a wrong kind.
 * @throws {RangeError} If one is out of range.
 */
export function checkQueueOptions(options: DatagramQueueOptions): void {
  checkOptions("open endpoint", options, QUEUE_CHECKS);
  resolveWriteBufferLimits(options.writeBufferLimits);
}

/**
 * Checks what options of an endpoint have to do with each other, as {@linkcode checkQueueOptions}.
 */
export function checkPlaces(options: DatagramOptions): void {
  const { localAddr, remoteAddr, family, fd } = options;
  resolveWriteBufferLimits(options.writeBufferLimits);
  checkInherited(options);
  if (
    fd === undefined && localAddr === undefined && remoteAddr === undefined && family === undefined
  ) {
    throw new TypeError(
      "Cannot open endpoint: neither localAddr nor remoteAddr is given, nor a family or an fd",
    );
  }
  for (const given of [localAddr, remoteAddr]) {
    checkIpv6Only("open endpoint", given?.hostname, options.ipv6Only);
  }
  const paths = [localAddr, remoteAddr].filter((given) => given !== undefined)
    .map(({ path }) => path !== undefined);
  if (new Set(paths).size > 1) {
    throw new TypeError("Cannot open endpoint: one of localAddr and remoteAddr has a path");
  }
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

function place(lowestPort: 0 | 1): Check {
  const port = check.wholeNumber(lowestPort, 65_535);
  const checkNames = optionsOf<DatagramPlace>({ ...PLACE_CHECKS, port });
  return (value, option) => {
    checkNames(value, option);
    const { hostname, port, path } = value as DatagramPlace;
    const isHost = hostname !== undefined || port !== undefined;
    if (path !== undefined ? isHost : lowestPort === 1 && port === undefined) {
      throw wrongKind(option, value, "needs a port or a path, and not both");
    }
  };
}

function nonEmpty(value: unknown, option: OptionName): void {
  check.text(value, option);
  if (value === "") throw wrongKind(option, value, "is empty");
}
