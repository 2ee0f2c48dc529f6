import { getSystemErrorMap } from "node:util";

/** The classes that Deno has for the codes of the system. */
const CLASSES: Record<string, new (message: string) => Error> = {
  EACCES: Deno.errors.PermissionDenied,
  EADDRINUSE: Deno.errors.AddrInUse,
  EADDRNOTAVAIL: Deno.errors.AddrNotAvailable,
  ECONNABORTED: Deno.errors.ConnectionAborted,
  ECONNREFUSED: Deno.errors.ConnectionRefused,
  ECONNRESET: Deno.errors.ConnectionReset,
  EHOSTUNREACH: Deno.errors.NetworkUnreachable,
  ENETUNREACH: Deno.errors.NetworkUnreachable,
  ENOENT: Deno.errors.NotFound,
  ENOTCONN: Deno.errors.NotConnected,
  EPERM: Deno.errors.PermissionDenied,
  EPIPE: Deno.errors.BrokenPipe,
  ETIMEDOUT: Deno.errors.TimedOut,
};

/**
 * A failure of the system that a module of Node reported, as Deno reports it: with its class, its
 * code and its words. Any other error stays as it is.
 */
export function fromNodeError(error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || !("errno" in error)) return error;
  const { code, errno } = error;
  if (typeof code !== "string" || typeof errno !== "number") return error;
  const text = getSystemErrorMap().get(errno)?.[1] ?? code;
  const message = `${text.charAt(0).toUpperCase()}${text.substring(1)} (os error ${
    Math.abs(errno)
  })`;
  const described = new (CLASSES[code] ?? Error)(message);
  return Object.assign(described, { code, cause: error });
}
