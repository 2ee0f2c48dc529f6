/**
 * Throws for what cannot make protocols, before anything is opened.
 *
 * @throws {TypeError} If it is not a function, or is a class: that is called like one in Python only.
 */
export function checkProtocolFactory(protocolFactory: unknown): void {
  if (typeof protocolFactory === "function") {
    if (!/^class\b/.test(Function.prototype.toString.call(protocolFactory))) return;
    const name = protocolFactory.name || "it";
    throw new TypeError(
      `Cannot make protocols: ${name} is a class, give a function such as () => new ${name}()`,
    );
  }
  throw new TypeError(`Cannot make protocols: ${String(protocolFactory)} is not a function`);
}

/**
 * Calls a factory and looks at what it made.
 *
 * @throws {TypeError} If that is not an object, or is a promise.
 */
export function makeProtocol<P extends object>(protocolFactory: () => P): P {
  const protocol = protocolFactory();
  if (protocol instanceof Promise) {
    throw new TypeError(
      "Cannot use protocol: the factory returned a promise, it must not be async",
    );
  }
  if (typeof protocol === "object" && protocol !== null) return protocol;
  throw new TypeError(`Cannot use protocol: the factory returned ${String(protocol)}`);
}
