/**
 * The failures of the system, as Deno words them.
 *
 * @module
 */

function withCode<E extends Error>(error: E, code: string): E {
  return Object.assign(error, { code });
}

/** Another program listens there. */
export function addressInUse(): Error {
  return withCode(
    new Deno.errors.AddrInUse("Address already in use (os error 98)"),
    "EADDRINUSE",
  );
}

/** The host does not have the address. */
export function addressNotAvailable(): Error {
  const message = "Cannot assign requested address (os error 99)";
  return withCode(new Deno.errors.AddrNotAvailable(message), "EADDRNOTAVAIL");
}

/** It was closed before. */
export function badResource(message = "Bad resource ID"): Error {
  return new Deno.errors.BadResource(message);
}

/** The direction was ended, or the peer is gone. */
export function brokenPipe(): Error {
  return withCode(new Deno.errors.BrokenPipe("Broken pipe (os error 32)"), "EPIPE");
}

/** No program listens there. */
export function connectionRefused(): Error {
  const message = "Connection refused (os error 111)";
  return withCode(new Deno.errors.ConnectionRefused(message), "ECONNREFUSED");
}

/** The peer, or a fault, reset the connection. */
export function connectionReset(): Error {
  const message = "Connection reset by peer (os error 104)";
  return withCode(new Deno.errors.ConnectionReset(message), "ECONNRESET");
}

/** It was closed while the operation was pending. */
export function interrupted(): Error {
  return withCode(new Deno.errors.Interrupted("operation canceled"), "EINTR");
}

/** No file has that path. */
export function notFound(): Error {
  return withCode(new Deno.errors.NotFound("No such file or directory (os error 2)"), "ENOENT");
}

/** The connection was reset before it was taken. */
export function notConnected(): Error {
  const message = "Transport endpoint is not connected (os error 107)";
  return withCode(new Deno.errors.NotConnected(message), "ENOTCONN");
}

/** No host has that address. */
export function noRoute(): Error {
  const message = "No route to host (os error 113)";
  return withCode(new Deno.errors.NetworkUnreachable(message), "EHOSTUNREACH");
}

/** The peer did not answer for long. */
export function timedOut(): Error {
  return withCode(new Deno.errors.TimedOut("Connection timed out (os error 110)"), "ETIMEDOUT");
}

/** The host has no descriptors left. */
export function tooManyOpenFiles(): Error {
  return withCode(new Error("Too many open files (os error 24)"), "EMFILE");
}

/** A name that cannot be resolved. */
export function unknownName(): Error {
  const message = "failed to lookup address information: Name or service not known";
  return new Error(message);
}
