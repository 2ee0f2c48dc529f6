import type { Transformed } from "./byte_transform.ts";
import { show } from "../../protocols/option_checks.ts";
import { turnBudget } from "../../protocols/waits/turn_budget.ts";

/** A call of a method of a transform. */
export type Produce = () => Transformed | Promise<Transformed>;

/**
 * Hands on the result of a method of a transform piece by piece, each once the one before it is
 * taken.
 *
 * @param produced What the method returned, or its promise resolved to.
 * @param method The name of the method.
 * @param take Takes a piece; a promise says when it is taken.
 * @throws {TypeError} If it is neither bytes nor an iterable of them.
 */
export async function handOnPieces(
  produced: unknown,
  method: string,
  take: (piece: Uint8Array) => void | Promise<void>,
): Promise<void> {
  for await (const piece of piecesOf(produced, method)) {
    await take(piece);
    if (turnBudget.spend()) await turnBudget.untilRenewed();
  }
}

function piecesOf(
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
