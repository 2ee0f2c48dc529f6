import { currentContext } from "./context.ts";
import { type Patch, patch, replaced } from "./patches.ts";

/** `Math.random`, `crypto.getRandomValues` and `crypto.randomUUID`. */
export function randomnessPatches(): Patch[] {
  return [
    // 53 bits, as the real one.
    replaced(
      Math,
      "random",
      ({ process: { random } }) =>
        (random.below(2 ** 26) * 2 ** 27 + random.below(2 ** 27)) / 2 ** 53,
    ),
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
    replaced(Crypto.prototype, "randomUUID", ({ process }) => toUuid(process.random.bytes(16))),
  ];
}

/** A UUID of version 4 (RFC 9562). */
function toUuid(bytes: Uint8Array): string {
  const [version, variant] = [bytes[6] ?? 0, bytes[8] ?? 0];
  bytes[6] = (version & 0x0f) | 0x40;
  bytes[8] = (variant & 0x3f) | 0x80;
  const hex = bytes.toHex();
  const [a, b, c, d, e] = [0, 8, 12, 16, 20].map((start, i, all) =>
    hex.substring(start, all[i + 1])
  );
  return `${a}-${b}-${c}-${d}-${e}`;
}
