import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { AnyProtocol, Transport } from "../../protocols/contract.ts";
import type { CallbackName } from "../recording/callback_recorder.ts";
import { RecordingBufferedProtocol } from "../recording/recording_buffered_protocol.ts";
import { RecordingProtocol } from "../recording/recording_protocol.ts";
import { casesOf, type ConformanceCase, type Scene, turns } from "./scene.ts";
import { MUCH } from "./traffic.ts";

type Failing = CallbackName | "getBuffer";

const withOnError = casesOf({
  "An exception in connectionLost() is reported, and the connection is released": async (scene) => {
    const [a, b] = await scene.pair({ connectionLost: thrower() });
    a.transport.close();
    const { error } = await a.transport.closed;
    assertEquals(error, null);
    await b.transport.closed;
    takeReport(scene, "connectionLost");
  },

  "An exception after close() is reported, and changes nothing about the end": async (scene) => {
    const [a, b] = await scene.pair({}, {
      dataReceived(): void {
        b.transport.abort();
        throw new Error("After the end");
      },
    });
    a.transport.write("x");
    const { error, endedBy } = await b.transport.closed;
    assertEquals([error, endedBy], [null, "abort"]);
    takeReport(scene, "dataReceived");
  },
}, { needs: ["onError"] });

const always = casesOf({
  "A thrown value that is not an Error becomes the cause of one": async (scene) => {
    const [a, b] = await scene.pair({}, {
      dataReceived(): void {
        // deno-lint-ignore no-throw-literal -- callers do
        throw "just text";
      },
    });
    a.transport.write("x");
    const { error } = await b.transport.closed;
    assert(error instanceof Error);
    assertEquals(error.cause, "just text");
    scene.reported.length = 0;
  },

  "An exception ends its own connection only": async (scene) => {
    const [c, d] = await scene.pair();
    const [a, b] = await scene.pair({}, { dataReceived: thrower() });
    a.transport.write("x");
    await b.transport.closed;
    c.transport.write("alive");
    await d.protocol.untilReceived(5);
    scene.reported.length = 0;
  },
});

const withoutOnError = casesOf({
  "The gap onError: an exception is not reported": async (scene) => {
    const [a, b] = await scene.pair({}, { dataReceived: thrower() });
    a.transport.write("x");
    await b.transport.closed;
    await turns();
    assertEquals(scene.reported, []);
  },
}, { gap: "onError" });

/** A protocol's callback throws. */
export const callbackErrorCases: readonly ConformanceCase[] = [
  endsConnection("connectionMade"),
  endsConnection("dataReceived"),
  endsConnection("getBuffer"),
  endsConnection("bufferUpdated"),
  endsConnection("eofReceived"),
  endsConnection("pauseWriting", ["backPressure"]),
  endsConnection("resumeWriting", ["backPressure"]),
  rejectionEndsConnection("dataReceived"),
  rejectionEndsConnection("bufferUpdated"),
  ...withOnError,
  ...always,
  ...withoutOnError,
];

function thrower(): () => never {
  return () => {
    throw new SyntaxError("Thrown by a callback");
  };
}

function endsConnection(callback: Failing, needs: ConformanceCase["needs"] = []): ConformanceCase {
  return {
    name: `An exception in ${callback}() is reported once and ends the connection with it`,
    needs: [...needs, "onError"],
    run: (scene) => failIn(scene, callback, thrower()),
  };
}

function rejectionEndsConnection(callback: Failing): ConformanceCase {
  return {
    name: `A rejected promise of ${callback}() is reported once and ends the connection with it`,
    needs: ["onError"],
    run: (scene) =>
      failIn(scene, callback, async () => {
        await turns(1);
        throw new SyntaxError("Rejected by a callback");
      }),
  };
}

async function failIn(scene: Scene, callback: Failing, fail: () => unknown): Promise<void> {
  const isBuffered = callback === "getBuffer" || callback === "bufferUpdated";
  const recorder = isBuffered
    ? new RecordingBufferedProtocol({ [callback]: fail })
    : new RecordingProtocol({ [callback]: fail });
  const [a, b] = await scene.connect(recorder, new RecordingProtocol());
  const lostInside = provoke(callback, a.transport, b.transport, recorder);
  const { error, endedBy } = await a.transport.closed;
  assertEquals(lostInside, false, "connectionLost was called inside a call of the user");
  assertEquals(endedBy, "error");
  assertStrictEquals(error, takeReport(scene, callback));
  assertStrictEquals(recorder.error, error);
  await b.transport.closed;
}

/** Brings about the callback in `a`; tells whether the connection was lost inside a call. */
function provoke(callback: Failing, a: Transport, b: Transport, protocol: AnyProtocol): boolean {
  if (callback === "eofReceived") b.close();
  else if (callback === "pauseWriting" || callback === "resumeWriting") {
    b.pauseReading();
    a.write(new Uint8Array(MUCH));
    const isLost = protocol instanceof RecordingProtocol && protocol.count("connectionLost") > 0;
    b.resumeReading();
    return isLost;
  } else if (callback !== "connectionMade") b.write("x");
  return false;
}

/** The one exception that was reported, which the scene forgets. */
function takeReport(scene: Scene, callback: string): Error {
  const reports = scene.reported.splice(0);
  assertEquals(reports.map((report) => report.callback), [callback]);
  const [report] = reports;
  assert(report !== undefined && report.transport !== null, "reported without the transport");
  return report.error;
}
