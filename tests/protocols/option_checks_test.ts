import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { check, checkOptions, optionsOf } from "../../protocols/option_checks.ts";

interface Options {
  readonly size: number;
  readonly signal: AbortSignal;
  readonly inner: { readonly high: number };
}

const TABLE = {
  size: check.size(),
  signal: check.abortSignal,
  inner: optionsOf({ high: check.size() }),
};

function fail(): never {
  throw new Error("not to be read");
}

Deno.test("checkOptions() throws TypeError for options that cannot be read, with the cause", () => {
  const unreadable = Object.defineProperty({}, "size", { get: fail, enumerable: true });
  const error = assertThrows(
    () => checkOptions<Options>("listen", unreadable, TABLE),
    TypeError,
    "Cannot listen: the options cannot be read",
  );
  assertStrictEquals((error.cause as Error).message, "not to be read");
  assertThrows(
    () => checkOptions<Options>("listen", { inner: unreadable }, TABLE),
    TypeError,
    "Cannot listen: inner cannot be read",
  );
});

Deno.test("checkOptions() takes an object that cannot be read for none of the kind", () => {
  const signal = new Proxy({}, { get: fail });
  assertThrows(
    () => checkOptions<Options>("listen", { signal }, TABLE),
    TypeError,
    "Cannot listen: signal an object is not an AbortSignal",
  );
});

Deno.test("checkOptions() reads each option once", () => {
  let reads = 0;
  const options = Object.defineProperty({}, "size", { get: () => ++reads, enumerable: true });
  checkOptions<Options>("listen", options, TABLE);
  assertEquals(reads, 1);
});
