import { formatHostPort, formatPath } from "./addresses.ts";

/** The host that is meant where none is named. */
export const DEFAULT_HOSTNAME = "127.0.0.1";

/** Where to connect to or to listen: a port of a host, or the path of a Unix socket. */
export interface Endpoint {
  /** The host, as a name or an IP address. */
  readonly hostname?: string;
  /** The port of the host. */
  readonly port?: number;
  /** The path of a Unix socket, in the place of `port`. A leading NUL names Linux' abstract namespace. */
  readonly path?: string;
}

/**
 * Throws for what is no options object, such as the host that asyncio takes there.
 *
 * @throws {TypeError} If it is none.
 */
export function checkOptions(action: string, options: unknown): void {
  if (typeof options === "object" && options !== null) return;
  const shown = typeof options === "string" ? `"${options}"` : String(options);
  throw new TypeError(`Cannot ${action}: ${shown} given in the place of { hostname, port }`);
}

/**
 * Throws for an endpoint that cannot be meant, before anything is opened.
 *
 * @param action What is to be done: "connect" or "listen".
 * @param lowestPort 1 to connect; 0 to listen, which means any free port.
 * @throws {TypeError} If both or neither of port and path are given, or the port is no number.
 * @throws {RangeError} If the port is out of range.
 */
export function checkEndpoint(action: string, endpoint: Endpoint, lowestPort: 0 | 1): void {
  const { hostname, port, path } = endpoint;
  if (path !== undefined) {
    if (port !== undefined || hostname !== undefined) {
      throw new TypeError(
        `Cannot ${action}: path "${path}" given together with ${
          port === undefined ? `hostname "${hostname}"` : `port ${port}`
        }`,
      );
    }
    if (path === "") throw new TypeError(`Cannot ${action}: path is empty`);
  } else if (port === undefined) {
    // As where the server that it comes from was not awaited.
    const what = "port" in endpoint ? "port is undefined" : "neither port nor path given";
    throw new TypeError(`Cannot ${action}: ${what}`);
  } else if (typeof port !== "number") {
    throw new TypeError(`Cannot ${action}: port ${JSON.stringify(port)} is not a number`);
  } else if (!Number.isInteger(port) || port < lowestPort || port > 65535) {
    throw new RangeError(`Cannot ${action}: port ${port} is not in ${lowestPort} to 65535`);
  }
}

/** An endpoint as people write it. */
export function formatEndpoint({ hostname, port, path }: Endpoint): string {
  if (path !== undefined) return formatPath(path);
  return formatHostPort(hostname ?? DEFAULT_HOSTNAME, port ?? 0);
}
