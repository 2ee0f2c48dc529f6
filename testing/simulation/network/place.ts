/** The address of a socket, as Deno gives it. */
export type Addr = Deno.NetAddr | Deno.UnixAddr;

/** Whether an address is every address of a host. */
export function isWildcard(hostname: string): boolean {
  return hostname === "0.0.0.0" || hostname === "::";
}

/** Whether an address is the host itself, and reaches no other one. */
export function isLoopback(hostname: string): boolean {
  return hostname.startsWith("127.") || hostname === "::1";
}

/** An address as Deno gives it. */
export function tcpAddr(hostname: string, port: number): Deno.NetAddr {
  return { transport: "tcp", hostname, port };
}

/** The address of a Unix socket as Deno gives it: `null` where a client bound no path. */
export function unixAddr(path: string | null): Deno.UnixAddr {
  return { transport: "unix", path } as Deno.UnixAddr;
}

/** An address of Deno as text. */
export function showAddr(addr: Addr): string {
  if ("port" in addr) {
    const { hostname, port } = addr;
    return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
  }
  return addr.path ?? "unix";
}
