// The stand-in must do as the real package does: each case runs against both where JSR answers.
import * as std from "@std/assert";
import nodeAssert from "node:assert";

import * as standIn from "../../../tools/stand_ins/@std/assert/1.0.19/mod.ts";

type Subject = typeof standIn;

const SUBJECTS: [string, Subject][] = [["stand-in", standIn], ["imported", std]];

class Point {
  constructor(public x: number, public y: number) {}
}

class Named {
  #name: string;
  constructor(name: string) {
    this.#name = name;
  }
  get name(): string {
    return this.#name;
  }
}

function loop(value: number): unknown {
  const object: Record<string, unknown> = { value };
  object["self"] = object;
  return object;
}

const EQUAL: [string, unknown, unknown][] = [
  ["zeros of both signs", 0, -0],
  ["NaN and NaN", NaN, NaN],
  ["nested plain values", { a: [1, { b: "c" }] }, { a: [1, { b: "c" }] }],
  ["properties in another order", { a: 1, b: 2 }, { b: 2, a: 1 }],
  ["an object without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 2])],
  ["array buffers", new Uint8Array([1, 2]).buffer, new Uint8Array([1, 2]).buffer],
  ["dates", new Date(5), new Date(5)],
  ["invalid dates", new Date(NaN), new Date(NaN)],
  ["patterns", /a/g, /a/g],
  ["URLs", new URL("http://a/b"), new URL("http://a/b")],
  ["maps in another order", new Map([[1, 2], [3, 4]]), new Map([[3, 4], [1, 2]])],
  ["maps with objects as keys", new Map([[{ a: 1 }, { b: 2 }]]), new Map([[{ a: 1 }, { b: 2 }]])],
  ["sets of objects", new Set([{ a: 1 }, { b: 2 }]), new Set([{ b: 2 }, { a: 1 }])],
  ["instances", new Point(1, 2), new Point(1, 2)],
  ["weak references", new WeakRef(EqualTarget), new WeakRef(EqualTarget)],
  ["cycles", loop(1), loop(1)],
  ["symbol keys", { [Symbol.iterator]: 1 }, { [Symbol.iterator]: 1 }],
];

function EqualTarget(): void {}

const DIFFERENT: [string, unknown, unknown][] = [
  ["a number and its text", 1, "1"],
  ["null and undefined", null, undefined],
  ["null and an object", null, {}],
  ["a missing property and an undefined one", {}, { a: undefined }],
  ["keys of the same number", { a: undefined }, { b: undefined }],
  ["values at depth", { a: [1, { b: "c" }] }, { a: [1, { b: "d" }] }],
  ["arrays of other lengths", [1], [1, undefined]],
  ["an array and an object", [], {}],
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 3])],
  ["bytes of other lengths", new Uint8Array(1), new Uint8Array(2)],
  ["typed arrays of other types", new Uint8Array(1), new Int8Array(1)],
  ["dates", new Date(5), new Date(6)],
  ["patterns with other flags", /a/g, /a/],
  ["URLs", new URL("http://a/b"), new URL("http://a/c")],
  ["maps with other values", new Map([[1, 2]]), new Map([[1, 3]])],
  ["maps with other keys", new Map([[1, 2]]), new Map([[2, 2]])],
  ["maps of other sizes", new Map([[1, 2]]), new Map()],
  ["sets", new Set([1]), new Set([2])],
  ["sets of objects", new Set([{ a: 1 }]), new Set([{ a: 2 }])],
  ["classes", new Point(1, 2), { x: 1, y: 2 }],
  ["getters", new Named("a"), new Named("b")],
  ["functions", (): void => {}, (): void => {}],
  ["cycles", loop(1), loop(2)],
];

type Attempt = (subject: Subject) => unknown;

const HOLDS: [string, Attempt][] = [
  ["assert() with a true value", (s) => s.assert("a")],
  ["assertFalse() with a false value", (s) => s.assertFalse(0)],
  ["assertExists() with a false value", (s) => s.assertExists(false)],
  ["assertStrictEquals() with NaN", (s) => s.assertStrictEquals(NaN, NaN)],
  ["assertNotStrictEquals() with zeros of both signs", (s) => s.assertNotStrictEquals(0, -0)],
  ["assertInstanceOf() with a subclass", (s) => s.assertInstanceOf(new TypeError(), Error)],
  ["assertStringIncludes() with a part", (s) => s.assertStringIncludes("abc", "b")],
  ["assertMatch() with a match", (s) => s.assertMatch("abc", /b/)],
  ["assertNotMatch() without a match", (s) => s.assertNotMatch("abc", /d/)],
  ["assertGreater() with a greater value", (s) => s.assertGreater(2, 1)],
  ["assertGreaterOrEqual() with an equal value", (s) => s.assertGreaterOrEqual(1, 1)],
  ["assertLess() with a smaller value", (s) => s.assertLess(1n, 2n)],
  ["assertLessOrEqual() with an equal value", (s) => s.assertLessOrEqual("a", "a")],
  ["assertAlmostEquals() by default", (s) => s.assertAlmostEquals(1, 1 + 1e-8)],
  ["assertAlmostEquals() with a tolerance", (s) => s.assertAlmostEquals(1, 1.5, 0.5)],
  ["assertAlmostEquals() with infinities", (s) => s.assertAlmostEquals(Infinity, Infinity)],
  [
    "assertArrayIncludes() with equal objects",
    (s) => s.assertArrayIncludes([{ a: 1 }, 2], [{ a: 1 }]),
  ],
  [
    "assertObjectMatch() with more properties",
    (s) => s.assertObjectMatch({ a: 1, b: 2 }, { a: 1 }),
  ],
  [
    "assertObjectMatch() at depth",
    (s) =>
      s.assertObjectMatch({ a: [{ b: 1, c: 2 }, 3], d: new Point(1, 2) }, {
        a: [{ b: 1 }],
        d: { x: 1 },
      }),
  ],
  [
    "assertObjectMatch() with one object in two places",
    (s) => {
      const shared = { a: 1, b: 2 };
      s.assertObjectMatch({ x: shared, y: shared }, { x: { a: 1 }, y: { b: 2 } });
    },
  ],
  [
    "assertObjectMatch() with a map",
    (s) => s.assertObjectMatch({ a: new Map([[1, 2], [3, 4]]) }, { a: new Map([[1, 2]]) }),
  ],
  ["assertThrows() with any error", (s) => s.assertThrows(raise)],
  [
    "assertThrows() with the class and a part of the text",
    (s) => s.assertThrows(raise, RangeError, "far"),
  ],
  ["assertThrows() with something else than an error", (s) => s.assertThrows(() => raise("text"))],
  ["assertRejects() with any error", (s) => s.assertRejects(reject)],
  [
    "assertRejects() with the class and a part of the text",
    (s) => s.assertRejects(reject, Error, "far"),
  ],
  ["assertIsError() with a pattern", (s) => s.assertIsError(new Error("too far"), Error, /^too/)],
];

const FAILS: [string, Attempt][] = [
  ["assert() with a false value", (s) => s.assert("")],
  ["assertFalse() with a true value", (s) => s.assertFalse([])],
  ["assertExists() with null", (s) => s.assertExists(null)],
  ["assertStrictEquals() with equal objects", (s) => s.assertStrictEquals({}, {})],
  ["assertNotStrictEquals() with the same value", (s) => s.assertNotStrictEquals(1, 1)],
  ["assertInstanceOf() with another class", (s) => s.assertInstanceOf(new Error(), TypeError)],
  ["assertInstanceOf() with null", (s) => s.assertInstanceOf(null, Error)],
  ["assertInstanceOf() with the class itself", (s) => s.assertInstanceOf(Error, Error)],
  ["assertStringIncludes() without the part", (s) => s.assertStringIncludes("abc", "d")],
  ["assertMatch() without a match", (s) => s.assertMatch("abc", /d/)],
  ["assertNotMatch() with a match", (s) => s.assertNotMatch("abc", /b/)],
  ["assertGreater() with an equal value", (s) => s.assertGreater(1, 1)],
  ["assertGreaterOrEqual() with a smaller value", (s) => s.assertGreaterOrEqual(0, 1)],
  ["assertLess() with an equal value", (s) => s.assertLess(1, 1)],
  ["assertLessOrEqual() with a greater value", (s) => s.assertLessOrEqual(2, 1)],
  ["assertLess() with NaN", (s) => s.assertLess(NaN, 1)],
  ["assertAlmostEquals() beyond the default", (s) => s.assertAlmostEquals(1, 1.001)],
  ["assertArrayIncludes() without the element", (s) => s.assertArrayIncludes([1, 2], [1, 3])],
  ["assertObjectMatch() with another value", (s) => s.assertObjectMatch({ a: 1 }, { a: 2 })],
  ["assertObjectMatch() without the property", (s) => s.assertObjectMatch({ a: 1 }, { b: 1 })],
  [
    "assertObjectMatch() with a shorter list",
    (s) => s.assertObjectMatch({ a: [1] }, { a: [1, 2] }),
  ],
  ["assertThrows() without an error", (s) => s.assertThrows(() => {})],
  ["assertThrows() with another class", (s) => s.assertThrows(raise, TypeError)],
  ["assertThrows() with another text", (s) => s.assertThrows(raise, RangeError, "near")],
  ["assertThrows() with a class and no error", (s) => s.assertThrows(() => raise("text"), Error)],
  ["assertRejects() with a promise that resolves", (s) => s.assertRejects(() => Promise.resolve())],
  ["assertRejects() with an error before the promise", (s) => s.assertRejects(() => raise())],
  ["assertRejects() with another class", (s) => s.assertRejects(reject, TypeError)],
  [
    "assertRejects() with a class and no error",
    (s) => s.assertRejects(() => Promise.reject("a"), Error),
  ],
  ["assertIsError() with another text", (s) => s.assertIsError(new Error("far"), Error, "near")],
  ["fail()", (s) => s.fail("on purpose")],
  ["unreachable()", (s) => s.unreachable()],
];

function raise(thrown: unknown = new RangeError("too far")): never {
  throw thrown;
}

function reject(): Promise<never> {
  return Promise.reject(new RangeError("too far"));
}

for (const [origin, subject] of SUBJECTS) {
  for (const [what, a, b] of EQUAL) {
    Deno.test(`assertEquals() (${origin}) holds for equal values: ${what}`, () => {
      subject.assertEquals(a, b);
      nodeAssert.throws(() => subject.assertNotEquals(a, b), subject.AssertionError);
    });
  }
  for (const [what, a, b] of DIFFERENT) {
    Deno.test(`assertEquals() (${origin}) fails for different values: ${what}`, () => {
      subject.assertNotEquals(a, b);
      nodeAssert.throws(() => subject.assertEquals(a, b), subject.AssertionError);
    });
  }
  for (const [what, attempt] of HOLDS) {
    Deno.test(`${what} (${origin}) holds`, async () => {
      await attempt(subject);
    });
  }
  for (const [what, attempt] of FAILS) {
    Deno.test(`${what} (${origin}) fails`, async () => {
      await nodeAssert.rejects(async () => await attempt(subject), subject.AssertionError);
    });
  }

  Deno.test(`assertThrows() (${origin}) returns what was thrown`, () => {
    const error = subject.assertThrows(() => raise(), RangeError);
    nodeAssert.strictEqual(error.message, "too far");
  });

  Deno.test(`assertRejects() (${origin}) resolves to the reason`, async () => {
    const error = await subject.assertRejects(reject, RangeError);
    nodeAssert.strictEqual(error.message, "too far");
  });

  Deno.test(`assertEquals() (${origin}) refuses to compare weak maps`, () => {
    nodeAssert.throws(() => subject.assertEquals(new WeakMap(), new WeakMap()), TypeError);
  });

  Deno.test(`assertEquals() (${origin}) puts the user's message into its own`, () => {
    nodeAssert.throws(() => subject.assertEquals(1, 2, "sizes"), /Values are not equal: sizes/);
  });
}

Deno.test("assertEquals() shows the lines that differ", () => {
  nodeAssert.throws(
    () => standIn.assertEquals({ a: 1, b: [1, 2] }, { a: 1, b: [1, 3] }),
    /\+ +2\n- +3/,
  );
});

Deno.test("assertEquals() shows where long bytes differ, not all of them", () => {
  const actual = new Uint8Array(1_000_000);
  const expected = actual.with(500_000, 7);
  nodeAssert.throws(
    () => standIn.assertEquals(actual, expected),
    (error: Error) => {
      nodeAssert.match(error.message, /from index 500000/);
      nodeAssert.ok(error.message.length < 500);
      return true;
    },
  );
});

Deno.test("assertStrictEquals() says when only the identity differs", () => {
  nodeAssert.throws(() => standIn.assertStrictEquals([1], [1]), /not reference-equal/);
});
