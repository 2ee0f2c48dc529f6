import { assertEquals, assertStrictEquals } from "@std/assert";
import type { Transport } from "../../../protocols/contract.ts";
import { RecordingTransport } from "../../../testing/recording_transport.ts";
import {
  type ErrorContext,
  report,
  toError,
  wasReported,
} from "../../../transports/core/error_report.ts";

/** What is printed while `run` runs. */
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
