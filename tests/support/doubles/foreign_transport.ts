import type { Transport } from "../../../protocols/contract.ts";

/** A transport with the public members of another one and nothing else: no class of the library. */
export function foreignTransport(transport: Transport): Transport {
  return new Proxy(transport, {
    getPrototypeOf: () => Object.prototype,
    get(target, name): unknown {
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
