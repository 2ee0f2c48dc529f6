import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  isLent,
  keepable,
  Loan,
  mayVanish,
  type Outgoing,
} from "../../../../transports/core/memory/loan.ts";

const outgoing = (bytes: Uint8Array): Outgoing => ({ bytes, holder: null });

Deno.test("Loan knows its memory while the callback runs, and loans inside of it", () => {
  const outer = new Uint8Array(4);
  const inner = new Uint8Array(4);
  const first = Loan.begin(outer.buffer);
  const second = Loan.begin(inner.buffer);
  assertEquals([isLent(outer.subarray(1)), isLent(inner), isLent(new Uint8Array(1))], [
    true,
    true,
    false,
  ]);
  second.end(undefined);
  assertEquals([outer.length, inner.length], [4, 0]);
  assertEquals([isLent(outer), mayVanish(outer)], [true, false]);
  first.end(undefined);
  assertEquals([outer.length, Loan.flushAfter({ flush: () => {} })], [0, false]);
});

Deno.test("Loan.keep() moves the memory to what is to be sent, and flushes then", () => {
  const memory = Uint8Array.of(1, 2, 3, 4);
  const sent: number[][] = [];
  const loan = Loan.begin(memory.buffer);
  const one = outgoing(memory.subarray(1, 3));
  const two = outgoing(memory.subarray(3));
  for (const each of [one, two]) Loan.of(memory.buffer)?.keep(each);
  const target = { flush: () => void sent.push([...one.bytes], [...two.bytes]) };
  assertEquals([Loan.flushAfter(target), Loan.flushAfter(target)], [true, true]);
  loan.end(undefined);
  assertEquals(sent, [[2, 3], [4]]);
  assertEquals(memory.length, 0);
  // Neither knows when the other is sent.
  assertEquals([one.holder, two.holder], [null, null]);
});

Deno.test("Loan that goes on has what was kept copied, and ends with the promise", async () => {
  const memory = Uint8Array.of(1, 2);
  const work = Promise.withResolvers<void>();
  const loan = Loan.begin(memory.buffer);
  const one = outgoing(memory);
  loan.keep(one);
  const ended = loan.end(work.promise);
  assertEquals([...one.bytes], [1, 2]);
  assertEquals([one.bytes.buffer === memory.buffer, mayVanish(memory)], [false, true]);
  assertEquals([...keepable(memory)], [1, 2]);
  assertEquals(keepable(memory).buffer === memory.buffer, false);
  work.resolve();
  await ended;
  assertEquals([memory.length, one.bytes.length], [0, 2]);
});

Deno.test("Loan of memory that its borrower transferred away ends without it", () => {
  const memory = new Uint8Array(10);
  const loan = Loan.begin(memory.buffer);
  const taken = new Uint8Array(memory.buffer.transfer());
  loan.end(undefined);
  assertEquals(taken.length, 10);
  assertStrictEquals(keepable(taken), taken);
});
