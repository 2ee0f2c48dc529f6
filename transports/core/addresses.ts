import type { Address } from "../../protocols/address.ts";

/**
 * An address as people write it: `127.0.0.1:80`, `[::1]:80`, a path, a name; `?` for one that is not known, as
 * `getExtraInfo("peername")` may answer.
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

/** `host:port`, with an IPv6 address in brackets. */
export function formatHostPort(hostname: string, port: number): string {
  const bracket = hostname.includes(":") && !hostname.startsWith("[");
  return bracket ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** A path; one in the abstract namespace of Linux is shown with a leading `@`. */
export function formatPath(path: string): string {
  if (path === "") return "unix:";
  return path.startsWith("\0") ? `@${path.slice(1)}` : path;
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
