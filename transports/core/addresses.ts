import {
  type Check,
  check,
  type OptionTable,
  outOfRange,
  wrongKind,
} from "../../protocols/option_checks.ts";
import { utf8Length } from "../../protocols/framing/utf8.ts";
import type { Address } from "../../protocols/facts/address.ts";

/**
 * An address as people write it: `127.0.0.1:80`, `[::1]:80`, a path, a name; `?` for one that is
 * not known, as `getExtraInfo("peername")` may answer.
 *
 * @example
 * ```ts
 * import { formatAddress } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(formatAddress({ transport: "tcp", hostname: "::1", port: 80 }), "[::1]:80");
 * assertEquals(formatAddress(null), "?");
 * ```
 */
export function formatAddress(address: Address | null): string {
  switch (address?.transport) {
    case "tcp":
    case "udp":
      return formatHostPort(address.hostname, address.port);
    case "unix":
    case "unixpacket":
      return formatPath(address.path);
    case "memory":
      return `memory:${address.name}`;
    case undefined:
      return "?";
  }
}

/** The name of the other end of a connection in error messages. */
export function peerName(connection: { getExtraInfo(name: "peername"): unknown }): string {
  const address = connection.getExtraInfo("peername") as Address | null | undefined;
  return address ? formatAddress(address) : "the peer";
}

/** `host:port`, with an IPv6 address in brackets. */
export function formatHostPort(hostname: string, port: number): string {
  const bracket = hostname.includes(":") && !hostname.startsWith("[");
  return bracket ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** A path; one in the abstract namespace of Linux is shown with a leading `@`. */
function formatPath(path: string): string {
  if (path === "") return "unix:";
  return path.startsWith("\0") ? `@${path.substring(1)}` : path;
}

/** An address of Deno's as one of ours: a Unix client that bound no path has an empty one. */
export function fromDenoAddr(addr: Deno.Addr): Address | undefined {
  switch (addr.transport) {
    case "tcp":
    case "udp":
      return { transport: addr.transport, hostname: addr.hostname, port: addr.port };
    case "unix":
    case "unixpacket":
      // Typed as a string, null where the socket is bound to no path.
      return { transport: addr.transport, path: (addr.path as string | null) ?? "" };
    default:
      return undefined;
  }
}

/** The host that is meant where none is named. */
export const DEFAULT_HOSTNAME = "127.0.0.1";

/** Where to connect to or to listen: a port of a host, or the path of a Unix socket. */
export interface Endpoint {
  /** The host, as a name or an IP address. */
  readonly hostname?: string;
  /** The port of the host. */
  readonly port?: number;
  /**
   * The path of a Unix socket, instead of `port`. A leading NUL names Linux' abstract namespace.
   */
  readonly path?: string;
}

/** The longest path of a Unix socket, in bytes. */
const MAX_PATH_LENGTH = Deno.build.os === "linux" ? 107 : 103;

/** A host, as a name or an IP address. */
const hostname: Check = (value, option) => {
  check.text(value, option);
  const name = String(value);
  if (name === "") throw wrongKind(option, value, 'is empty; "0.0.0.0" and "::" are every address');
  const url = /^[a-z][a-z0-9+.-]*:\/\/([^/:?#]*)/i.exec(name);
  if (url !== null) throw wrongKind(option, value, `is a URL; give hostname "${url[1]}"`);
  const pair = /^([^:]*):(\d+)$/.exec(name);
  if (pair !== null) {
    throw wrongKind(option, value, `has a port; give hostname "${pair[1]}" and port ${pair[2]}`);
  }
  // deno-lint-ignore no-control-regex -- these are what is meant
  if (/[\u0000- /?#@\u007f]/.test(name)) {
    throw wrongKind(option, value, "is not the name of a host");
  }
};

/** A port; `least` is 1 to connect and 0 to listen, where it means any free port. */
function portFrom(least: 0 | 1): Check {
  return (value, option) => {
    if (typeof value !== "number") {
      const remedy = typeof value === "string" && /^\d+$/.test(value) ? `; give ${value}` : "";
      throw wrongKind(option, value, `is not a number${remedy}`);
    }
    if (Number.isInteger(value) && value >= least && value <= 65_535) return;
    throw outOfRange(option, value, `is not in ${least} to 65535`);
  };
}

/** The path of a Unix socket. The system would cut off the end of a longer one without an error. */
const path: Check = (value, option) => {
  check.text(value, option);
  const name = String(value);
  if (name === "") throw new TypeError(`Cannot ${option.action}: path is empty`);
  if (name.indexOf("\0", 1) > 0) throw wrongKind(option, value, "holds a NUL");
  const length = utf8Length(name);
  if (length <= MAX_PATH_LENGTH) return;
  // In full: the end of the path is what has to become shorter.
  throw new RangeError(
    `Cannot ${option.action}: ${option.name} ${JSON.stringify(name)} has ${length} bytes, ` +
      `at most ${MAX_PATH_LENGTH} fit into the address of a Unix socket`,
  );
};

/** The checks of {@linkcode Endpoint}, to connect. */
export const CONNECT_PLACE_CHECKS: OptionTable<Endpoint> = { hostname, port: portFrom(1), path };

/** The checks of {@linkcode Endpoint}, to listen: on one host or on several. */
export const LISTEN_PLACE_CHECKS: OptionTable<Endpoint> = {
  hostname: check.either(Array.isArray, check.listOf(hostname, { least: 1 }), hostname),
  port: portFrom(0),
  path,
};

/**
 * Throws for an endpoint with too many or too few options. Their values were checked by its table.
 *
 * @param action The action: "connect" or "listen".
 * @throws {TypeError} If both or neither of port and path are given.
 */
export function checkEndpoint(action: string, endpoint: Endpoint): void {
  const { hostname, port, path } = endpoint;
  if (path !== undefined) {
    if (port !== undefined || hostname !== undefined) {
      throw new TypeError(
        `Cannot ${action}: path "${path}" given together with ${
          port === undefined ? `hostname "${hostname}"` : `port ${port}`
        }`,
      );
    }
  } else if (port === undefined) {
    // As where the server that it comes from was not awaited.
    const what = "port" in endpoint ? "port is undefined" : "neither port nor path given";
    throw new TypeError(`Cannot ${action}: ${what}`);
  }
}

/** An endpoint as people write it. */
export function formatEndpoint({ hostname, port, path }: Endpoint): string {
  if (path !== undefined) return formatPath(path);
  return formatHostPort(hostname ?? DEFAULT_HOSTNAME, port ?? 0);
}

/** Whether an address means all of the machine's. */
export function isWildcard(address: Address): boolean {
  return "hostname" in address && ["0.0.0.0", "::"].includes(address.hostname);
}
