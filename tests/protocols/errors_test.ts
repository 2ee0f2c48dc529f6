import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import * as errors from "../../protocols/errors.ts";

const cause = new Error("The cause");

/** An error of each kind that transports and streams throw, what it says, and what it carries. */
const CASES: [Error, new (...args: never[]) => Error, string, Record<string, unknown>][] = [
  [new errors.InvalidStateError("Cannot x", { cause }), Error, "Cannot x", { cause }],
  [
    new errors.IncompleteReadError(new Uint8Array([1, 2]), 5),
    Error,
    "Cannot complete read: data ended after 2 of 5 bytes",
    { partial: new Uint8Array([1, 2]), expected: 5 },
  ],
  [
    new errors.IncompleteReadError(new Uint8Array(0), null),
    Error,
    "Cannot complete read: data ended after 0 of an unknown number of bytes",
    { expected: null },
  ],
  [
    new errors.LimitOverrunError(70, 60, false),
    RangeError,
    "Cannot read up to separator: limit is 60 bytes, 70 buffered without one",
    { consumed: 70, limit: 60 },
  ],
  [
    new errors.LimitOverrunError(70, 60, true),
    RangeError,
    "Cannot read up to separator: limit is 60 bytes, separator found only after 70",
    { consumed: 70, limit: 60 },
  ],
  [new errors.ConnectionLostError(), Error, "Connection lost", {}],
  [new errors.ConnectionLostError("Cannot drain", { cause }), Error, "Cannot drain", { cause }],
  [
    new errors.WriteBufferFullError(20, 10, "127.0.0.1:80"),
    RangeError,
    "Cannot write to 127.0.0.1:80: 20 bytes are queued, maxWriteBuffer is 10",
    { size: 20, limit: 10 },
  ],
  [
    new errors.ConnectTimeoutError("127.0.0.1:80", 30, { cause }),
    errors.TimeoutError,
    "Cannot connect to 127.0.0.1:80: no answer within 30 ms",
    { address: "127.0.0.1:80", timeoutMs: 30, cause },
  ],
  [
    new errors.NameResolutionError("nowhere", { cause }),
    Error,
    'Cannot resolve host name: "nowhere"',
    { hostname: "nowhere", cause },
  ],
];

for (const [error, Base, message, data] of CASES) {
  Deno.test(`${error.name} says "${message}"`, () => {
    assertEquals(error.message, message);
    assert(error instanceof Base);
    assertStrictEquals(Object.getPrototypeOf(error.constructor), Base);
    for (const [key, value] of Object.entries(data)) assertEquals(Reflect.get(error, key), value);
  });
}

Deno.test("Every error is named after its class", () => {
  for (const [error] of CASES) assertEquals(error.name, error.constructor.name);
});

Deno.test("Every error about a timeout is a TimeoutError", () => {
  const ends = { peer: "peer", local: "local" };
  const timeouts: [errors.TimeoutError, string][] = [
    [new errors.ConnectTimeoutError("127.0.0.1:80", 30), "ConnectTimeoutError"],
    [new errors.HandshakeTimeoutError(ends, 30), "HandshakeTimeoutError"],
    [new errors.IdleTimeoutError(30), "IdleTimeoutError"],
    [new errors.MinimumRateError(5, 30, 9), "MinimumRateError"],
    [new errors.ProxyProtocolTimeoutError("peer", 30), "ProxyProtocolTimeoutError"],
    [new errors.ShutdownTimeoutError(ends, 30, 7), "ShutdownTimeoutError"],
    [new errors.WriteStallError(30, 7), "WriteStallError"],
  ];
  for (const [error, name] of timeouts) {
    assert(error instanceof errors.TimeoutError);
    assertEquals([error.name, error.timeoutMs], [name, 30]);
  }
});

Deno.test("No error class has the name of a global", () => {
  for (const name of Object.keys(errors)) assertEquals(name in globalThis, false, name);
});
