import { InvalidStateError } from "./errors.ts";

/** The transport of a protocol that has none was asked for. */
export function notConnected(): InvalidStateError {
  return new InvalidStateError(
    "Cannot use transport: not connected yet; " +
      "a connectionMade() of your own has to call super.connectionMade(transport)",
  );
}
