import { assertEquals } from "@std/assert";
import type { Transport } from "../../protocols/contract.ts";
import type { CallbackName } from "../recording/callback_recorder.ts";
import { type ConformanceCase, flushed, type Scene, turns } from "./scene.ts";
import { MUCH } from "./traffic.ts";

type Ending = "close" | "abort";

/** The end of a connection that is brought about inside a callback. */
export const endingInsideCases: readonly ConformanceCase[] = [
  endingsInside("connectionMade"),
  endingsInside("dataReceived"),
  endingsInside("eofReceived"),
  endingsInside("pauseWriting", ["backPressure"]),
  endingsInside("resumeWriting", ["backPressure"]),
  endingsInside("connectionLost"),
].flat();

/**
 * Cases that end the connection inside a callback, which then is the last one but connectionLost.
 */
function endingsInside(
  callback: Exclude<CallbackName, "bufferUpdated">,
  needs: ConformanceCase["needs"] = [],
): ConformanceCase[] {
  return (["close", "abort"] as const).map((ending) => ({
    name: `${ending}() inside ${callback}() is followed by connectionLost(null) alone`,
    needs,
    run: (scene) => endInside(scene, callback, ending),
  }));
}

async function endInside(
  scene: Scene,
  callback: Exclude<CallbackName, "bufferUpdated">,
  ending: Ending,
): Promise<void> {
  let own: Transport | undefined;
  let isInside = false;
  let lostInside = false;
  const end = () => {
    isInside = true;
    own?.[ending]();
    isInside = false;
  };
  const [a, b] = await scene.pair({
    connectionLost: () => void (lostInside = isInside),
    [callback]: end,
    connectionMade(transport): void {
      own = transport;
      if (callback === "connectionMade") end();
    },
  });
  if (callback !== "connectionMade") await provoke(callback, a.transport, b.transport);
  const { error } = await a.transport.closed;
  await turns();
  assertEquals(lostInside, false, "connectionLost was called inside");
  assertEquals(error, null);
  assertEquals(a.protocol.count(callback), 1);
  // Queued bytes go out after close(), which calls resumeWriting.
  const after = a.protocol.calls.slice(a.protocol.calls.indexOf(callback) + 1);
  const expected = callback === "connectionLost" ? [] : ["connectionLost"];
  assertEquals(after.filter((call) => call !== "resumeWriting"), expected);
}

/** Brings about the callback in `a`. */
async function provoke(callback: CallbackName, a: Transport, b: Transport): Promise<void> {
  if (callback === "dataReceived") b.writelines(["one", "two"]);
  else if (callback === "eofReceived") b.close();
  else if (callback === "connectionLost") a.close();
  else {
    b.pauseReading();
    a.write(new Uint8Array(MUCH));
    b.resumeReading();
    await flushed(a);
  }
}
