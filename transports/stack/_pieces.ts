import { show } from "../../protocols/option_checks.ts";

/**
 * The result of a method of a transform as pieces.
 *
 * @param produced What the method returned, or its promise resolved to.
 * @param method The name of the method.
 * @throws {TypeError} If it is neither bytes nor an iterable of them.
 */
export function piecesOf(
  produced: unknown,
  method: string,
): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (produced instanceof Uint8Array) return [produced];
  const isObject = typeof produced === "object" && produced !== null;
  if (isObject && (Symbol.iterator in produced || Symbol.asyncIterator in produced)) {
    return produced as Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  }
  throw new TypeError(
    `Cannot use the result of ${method}(), ${
      show(produced)
    }: neither bytes nor an iterable of them`,
  );
}
