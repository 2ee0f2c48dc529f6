import { currentContext } from "./context.ts";
import { type Patch, patch } from "./patches.ts";

/** `Math.random`, `crypto.getRandomValues` and `crypto.randomUUID`. */
export function randomnessPatches(): Patch[] {
  return [
    patch(Math, "random", (original) => () => {
      const random = currentContext()?.process.random;
      if (random === undefined) return original();
      // 53 bits, as the real one.
      return (random.below(2 ** 26) * 2 ** 27 + random.below(2 ** 27)) / 2 ** 53;
    }),
    patch(Crypto.prototype, "getRandomValues", (original) => {
      return function <T extends ArrayBufferView | null>(this: Crypto, array: T): T {
        const random = currentContext()?.process.random;
        if (random === undefined || array === null) {
          return original.call(this, array as Uint8Array<ArrayBuffer>) as T;
        }
        // The real one first, for the errors that it throws.
        original.call(this, array as Uint8Array<ArrayBuffer>);
        random.fill(array);
        return array;
      } as typeof original;
    }),
    patch(Crypto.prototype, "randomUUID", (original) => {
      return function (this: Crypto): ReturnType<Crypto["randomUUID"]> {
        const random = currentContext()?.process.random;
        if (random === undefined) return original.call(this);
        return toUuid(random.bytes(16));
      };
    }),
  ];
}

/** A UUID of version 4 (RFC 9562). */
function toUuid(bytes: Uint8Array): ReturnType<Crypto["randomUUID"]> {
  const [version, variant] = [bytes[6] ?? 0, bytes[8] ?? 0];
  bytes[6] = (version & 0x0f) | 0x40;
  bytes[8] = (variant & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const [a, b, c, d, e] = [0, 8, 12, 16, 20].map((start, i, all) => hex.slice(start, all[i + 1]));
  return `${a}-${b}-${c}-${d}-${e}`;
}
