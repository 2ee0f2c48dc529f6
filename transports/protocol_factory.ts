import type { AnyProtocol } from "../protocols/contract.ts";

/**
 * Throws for what cannot make protocols, before anything is opened.
 *
 * @throws {TypeError} If it is not a function.
 */
export function checkProtocolFactory(protocolFactory: unknown): void {
  if (typeof protocolFactory === "function") return;
  throw new TypeError(`Cannot make protocols: ${String(protocolFactory)} is not a function`);
}

/**
 * Calls a factory and looks at what it made.
 *
 * @throws {TypeError} If that is not an object.
 */
export function makeProtocol<P extends AnyProtocol>(protocolFactory: () => P): P {
  const protocol = protocolFactory();
  if (typeof protocol === "object" && protocol !== null) return protocol;
  throw new TypeError(`Cannot use protocol: the factory returned ${String(protocol)}`);
}
