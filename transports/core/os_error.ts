import { NameResolutionError } from "../../protocols/errors.ts";
import { DEFAULT_HOSTNAME, type Endpoint } from "./addresses.ts";
import { nodeModule } from "./node_module.ts";
import { toError } from "../../protocols/thrown.ts";

/** The permissions that Deno wants for a Unix socket, wherever it is. */
const UNIX_PERMISSIONS = "--allow-net --allow-read --allow-write";

/**
 * An operating-system failure with the action and the address put in front of its message. Class
 * and code stay, so `instanceof Deno.errors.ConnectionReset` and `error.code` work on. Errors of
 * other kinds word their own message and stay as they are.
 *
 * @param error What Deno threw; what is not an `Error` becomes one.
 * @param action What failed, as in "Cannot connect to 127.0.0.1:80".
 */
export function describeOsError(error: unknown, action: string): Error {
  const described = toError(error);
  try {
    // A transport below may have said it.
    if (!isOsError(described) || described.message.startsWith(`${action}: `)) return described;
    const message = `${action}: ${described.message}`;
    // A frozen error keeps its message.
    return Reflect.set(described, "message", message)
      ? described
      : new Error(message, { cause: error });
  } catch {
    // An error of the user's own carrier, whose properties throw.
    return described;
  }
}

/** Whether an error comes from the operating system. */
export function isOsError(error: Error): boolean {
  return error.constructor.name in Deno.errors ||
    ("code" in error && typeof error.code === "string");
}

/**
 * {@linkcode describeOsError} for a failure to connect or to listen. A look-up that failed gets a
 * class; a permission that a Unix socket lacks is told together with the others that it needs.
 */
export function describeEndpointError(
  error: unknown,
  action: string,
  { hostname = DEFAULT_HOSTNAME, path }: Endpoint,
): Error {
  if (isLookup(error)) return new NameResolutionError(hostname, { cause: error });
  const described = describeOsError(error, action);
  if (path !== undefined && described instanceof Deno.errors.NotCapable) {
    // Deno asks for one after the other.
    described.message += ` (a Unix socket needs ${UNIX_PERMISSIONS})`;
  }
  return described;
}

/** Whether a look-up of a host name failed, which Deno tells by a plain error with these words. */
function isLookup(error: unknown): boolean {
  return error instanceof Error && error.constructor === Error && !("code" in error) &&
    error.message.startsWith("failed to lookup address information");
}

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
  // Other modules than those of the system have numbers of their own: node:zlib.
  const [name, text] = nodeModule("node:util").getSystemErrorMap().get(errno) ?? [code, code];
  if (name !== code) return error;
  return Object.assign(osError(Math.abs(errno), code, text), { cause: error });
}

/** A failure of the system by its number, as Deno reports it. */
export function fromErrno(errno: number): Error {
  const [code, text] = nodeModule("node:util").getSystemErrorMap().get(-errno) ??
    [`E${errno}`, "unknown"];
  return osError(errno, code, text);
}

function osError(errno: number, code: string, text: string): Error {
  const message = `${text.charAt(0).toUpperCase()}${text.substring(1)} (os error ${errno})`;
  return Object.assign(new (CLASSES[code] ?? Error)(message), { code });
}
