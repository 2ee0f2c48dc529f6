import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  ConnectionLostError,
  FrameDecodeError,
  FrameEncodeError,
  FrameTooLongError,
  HandshakeTimeoutError,
  IdleTimeoutError,
  IncompleteReadError,
} from "../../../protocols/errors.ts";
import type { Transport } from "../../../protocols/contract.ts";
import { RecordingTransport } from "../../../testing/recording/recording_transport.ts";
import {
  type ErrorContext,
  logConnectionError,
  report,
  toError,
  wasReported,
} from "../../../transports/core/error_report.ts";

/** Gives the output that `run` prints. */
function printed(run: () => void): unknown[][] {
  const lines: unknown[][] = [];
  const { error } = console;
  console.error = (...line) => void lines.push(line);
  try {
    run();
  } finally {
    console.error = error;
  }
  return lines;
}

function transportBetween(sockname?: object, peername?: object): Transport {
  return new RecordingTransport({}, { extraInfo: { sockname, peername } });
}

Deno.test("toError() gives errors as they are and wraps what is thrown otherwise", () => {
  const error = new RangeError("x");
  assertStrictEquals(toError(error), error);
  const wrapped = toError("text");
  assertEquals([wrapped.message, wrapped.cause], ["Thrown: text", "text"]);
});

Deno.test("report() hands the error and where it came from to onError", () => {
  const error = new Error("x");
  const context = { callback: "dataReceived", transport: transportBetween() };
  const told: [Error, ErrorContext][] = [];
  assertEquals(wasReported(error), false);
  assertEquals(printed(() => report((...args) => told.push(args), error, context)), []);
  assertEquals([told, wasReported(error)], [[[error, context]], true]);
});

Deno.test("report() prints with both addresses where there is no onError", () => {
  const error = new Error("x");
  const transport = transportBetween(
    { transport: "tcp", hostname: "127.0.0.1", port: 80 },
    { transport: "tcp", hostname: "::1", port: 9 },
  );
  const lines = printed(() => report(undefined, error, { callback: "eofReceived", transport }));
  assertEquals(lines, [["Error in eofReceived (127.0.0.1:80 <-> [::1]:9):", error]]);
});

Deno.test("report() prints what it has where addresses or the transport are missing", () => {
  const error = new Error("x");
  const unknown = { callback: "connectionMade", transport: transportBetween() };
  const none = { callback: "accept", transport: null };
  assertEquals(printed(() => report(undefined, error, unknown)), [
    ["Error in connectionMade (? <-> ?):", error],
  ]);
  assertEquals(printed(() => report(undefined, error, none)), [["Error in accept:", error]]);
});

Deno.test("report() prints both errors when onError throws, and does not throw", () => {
  const error = new Error("first");
  const second = new Error("second");
  const lines = printed(() =>
    report(
      () => {
        throw second;
      },
      error,
      { callback: "dataReceived", transport: null },
    )
  );
  assertEquals(lines, [["Error in dataReceived:", error], ["Error in onError:", second]]);
});

Deno.test("logConnectionError() takes one line for what a peer or the network caused", () => {
  const transport = transportBetween();
  const faults = [
    new FrameTooLongError(9, 8, false),
    new IncompleteReadError(new Uint8Array(2), 4),
    new ConnectionLostError("Gone"),
    new HandshakeTimeoutError({ peer: "a", local: "b" }, 5),
    new Deno.errors.ConnectionReset("reset"),
    new IdleTimeoutError(5),
  ];
  for (const fault of faults) {
    const lines = printed(() => logConnectionError(fault, { callback: "dataReceived", transport }));
    assertEquals(lines, [[`Error in dataReceived (? <-> ?): ${fault.name}: ${fault.message}`]]);
  }
});

Deno.test("logConnectionError() shows the stack of the user's own errors", () => {
  const error = new TypeError("x is not a function");
  for (const own of [error, new FrameEncodeError("Cannot encode"), new Deno.errors.NotFound("x")]) {
    const context = { callback: "dataReceived", transport: null };
    assertEquals(printed(() => logConnectionError(own, context)), [[
      "Error in dataReceived:",
      own,
    ]]);
  }
});

Deno.test("logConnectionError() keeps a peer from writing lines of its own into the log", () => {
  const fault = new FrameDecodeError("Cannot take \u001b[31mred\r\n2026 root logged in\u2028");
  const [line] = printed(() => logConnectionError(fault, { callback: "x", transport: null }));
  assertEquals(line, ["Error in x: FrameDecodeError: Cannot take  [31mred 2026 root logged in "]);
});

Deno.test("logConnectionError() takes one line for a system that is out of descriptors", () => {
  const error = Object.assign(new Error("Too many open files"), { code: "EMFILE" });
  const lines = printed(() => logConnectionError(error, { callback: "accept", transport: null }));
  assertEquals(lines, [["Error in accept: Error: Too many open files"]]);
});

Deno.test("logConnectionError() never throws, also when the error or the console does", () => {
  const { error: log } = console;
  const transport = new Proxy(transportBetween(), {
    get: () => {
      throw new Error("No");
    },
  });
  console.error = () => {
    throw new Error("No console");
  };
  try {
    logConnectionError(new Error("x"), { callback: "x", transport });
  } finally {
    console.error = log;
  }
  const lost = new ConnectionLostError("Gone");
  assertEquals(printed(() => logConnectionError(lost, { callback: "x", transport })), [[
    "Error in x: ConnectionLostError: Gone",
  ]]);
});
