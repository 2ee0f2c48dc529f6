import { assert, assertEquals } from "@std/assert";
import type { Transport } from "../../protocols/contract.ts";
import type { CallbackName } from "../callback_recorder.ts";
import { assertSameBytes } from "./same_bytes.ts";
import { type ConformanceCase, flushed, type Scene, turns } from "./scene.ts";

/** Far more than sockets buffer by themselves, in bytes. */
const MUCH = 16_777_216;

type Ending = "close" | "abort";

/** Every way to end a connection from this side, and the order of what follows. */
export const closingCases: readonly ConformanceCase[] = [
  {
    name: "close() ends both sides: eofReceived there, connectionLost(null) on both",
    async run(scene): Promise<void> {
      const [a, b] = await scene.pair();
      a.transport.close();
      await Promise.all([a.transport.closed, b.transport.closed]);
      assertEquals(a.protocol.order, ["connectionMade", "connectionLost"]);
      assertEquals(b.protocol.order, ["connectionMade", "eofReceived", "connectionLost"]);
      assertEquals([a.protocol.error, b.protocol.error], [null, null]);
    },
  },
  {
    name: "close() and abort() do not call connectionLost before they return",
    async run(scene): Promise<void> {
      for (const ending of ["close", "abort"] as const) {
        const [a] = await scene.pair();
        a.transport[ending]();
        assertEquals(a.protocol.count("connectionLost"), 0, ending);
        assert(a.transport.isClosing(), `isClosing() after ${ending}()`);
        await a.transport.closed;
        assert(a.transport.isClosing(), "isClosing() after the end");
      }
    },
  },
  {
    name: "close() and abort() do nothing the second time",
    async run(scene): Promise<void> {
      for (const [first, second] of [["close", "close"], ["abort", "abort"], ["abort", "close"]]) {
        const [a, b] = await scene.pair();
        // The pairs above are names of these two methods.
        a.transport[first as Ending]();
        a.transport[second as Ending]();
        await Promise.all([a.transport.closed, b.transport.closed]);
        a.transport.abort(new Error("Too late"));
        a.transport.close();
        await turns();
        assertEquals(a.protocol.order, ["connectionMade", "connectionLost"]);
        assertEquals(a.protocol.error, null);
      }
    },
  },
  {
    name: "close() sends 4 MiB that are queued to a slow reader, then ends",
    async run(scene): Promise<void> {
      const sent = scene.random.bytes(4_194_304);
      const [a, b] = await scene.pair({}, {
        connectionMade: (transport) => transport.pauseReading(),
        dataReceived: () => scene.random.below(16) === 0 ? turns(1) : undefined,
      });
      for (const piece of scene.random.split(sent, 1, 300_000)) a.transport.write(piece);
      a.transport.close();
      await turns();
      b.transport.resumeReading();
      const [endOfA] = await Promise.all([a.transport.closed, b.transport.closed]);
      assertSameBytes(b.protocol.received, sent);
      assertEquals(endOfA.bytesUnsent, 0);
      assertEquals([a.protocol.error, b.protocol.error], [null, null]);
    },
  },
  {
    name: "close() in both ends at the same time is an orderly end of both",
    async run(scene): Promise<void> {
      const [a, b] = await scene.pair();
      a.transport.close();
      b.transport.close();
      await Promise.all([a.transport.closed, b.transport.closed]);
      assertEquals([a.protocol.error, b.protocol.error], [null, null]);
    },
  },
  {
    name: "After close() nothing is received any more, not even the end of data",
    async run(scene): Promise<void> {
      const keepWriting = () => {
        while (!b.transport.isClosing() && b.transport.write(new Uint8Array(50_000))) continue;
      };
      const [a, b] = await scene.pair({}, { resumeWriting: keepWriting });
      keepWriting();
      await a.protocol.until("dataReceived");
      a.transport.close();
      const calls = a.protocol.calls.length;
      await a.transport.closed;
      b.transport.abort();
      await turns();
      assertEquals(a.protocol.calls.slice(calls), ["connectionLost"]);
    },
  },
  {
    name: "close() ends a connection whose reading is paused",
    async run(scene): Promise<void> {
      const [a, b] = await scene.pair({
        connectionMade: (transport) => transport.pauseReading(),
      });
      b.transport.write("unread");
      a.transport.close();
      await a.transport.closed;
      assertEquals(a.protocol.order, ["connectionMade", "connectionLost"]);
    },
  },
  {
    name: "write() and writelines() after close() are dropped, also while bytes are queued",
    needs: ["backPressure"],
    async run(scene): Promise<void> {
      const [a, b] = await scene.pair({}, {
        connectionMade: (transport) => transport.pauseReading(),
      });
      a.transport.write(new Uint8Array(MUCH));
      a.transport.close();
      const size = a.transport.getWriteBufferSize();
      assert(size > 0, "nothing is queued though the peer does not read");
      a.transport.write("more");
      a.transport.writelines(["and", "more"]);
      assertEquals(a.transport.getWriteBufferSize(), size);
      b.transport.resumeReading();
      await b.transport.closed;
      assertEquals(b.protocol.receivedLength, MUCH);
    },
  },
  {
    name: "abort() drops what is queued and ends with connectionLost(null)",
    needs: ["backPressure"],
    async run(scene): Promise<void> {
      const [a, b] = await scene.pair({}, {
        connectionMade: (transport) => transport.pauseReading(),
      });
      a.transport.write(new Uint8Array(MUCH));
      a.transport.abort();
      assertEquals(a.transport.getWriteBufferSize(), 0);
      const { endedBy, bytesUnsent } = await a.transport.closed;
      assertEquals([endedBy, a.protocol.error], ["abort", null]);
      assert(bytesUnsent > 0, "nothing was dropped");
      b.transport.resumeReading();
      await b.transport.closed;
      assert(b.protocol.receivedLength < MUCH, "what was dropped arrived");
    },
  },
  {
    name: "close() and then abort() drops what is still queued",
    needs: ["backPressure"],
    async run(scene): Promise<void> {
      const reason = new Error("No more patience");
      const [a] = await scene.pair({}, {
        connectionMade: (transport) => transport.pauseReading(),
      });
      a.transport.write(new Uint8Array(MUCH));
      a.transport.close();
      await turns();
      assertEquals(a.protocol.count("connectionLost"), 0, "ended before all was sent");
      a.transport.abort(reason);
      assertEquals((await a.transport.closed).error, reason);
    },
  },
  {
    name: "abort(reason) gives the first reason to connectionLost, and ends the other side",
    async run(scene): Promise<void> {
      const reason = new Error("The first reason");
      const [a, b] = await scene.pair();
      a.transport.abort(reason);
      a.transport.abort(new Error("The second reason"));
      await a.transport.closed;
      assertEquals(a.protocol.error, reason);
      await b.transport.closed;
    },
  },
  {
    name: "A peer that is gone ends the connection while we write; later writes are dropped",
    async run(scene): Promise<void> {
      const [a, b] = await scene.pair();
      a.transport.write(new Uint8Array(MUCH));
      b.transport.abort();
      while (!a.transport.isClosing()) {
        a.transport.write("x");
        await turns(1);
      }
      await a.transport.closed;
      a.transport.write("dropped");
      a.transport.writelines(["dropped"]);
      assertEquals(a.transport.getWriteBufferSize(), 0);
    },
  },
  {
    name: "Every method may be called after the end",
    async run(scene): Promise<void> {
      const [a] = await scene.pair();
      a.transport.close();
      const info = await a.transport.closed;
      const { transport } = a;
      transport.writelines([]);
      if (transport.canWriteEof()) transport.writeEof();
      transport.pauseReading();
      transport.resumeReading();
      assertEquals(transport.isReading(), false);
      transport.setWriteBufferLimits({ high: 0 });
      assertEquals(transport.getWriteBufferSize(), 0);
      transport.setProtocol(transport.getProtocol());
      transport.getExtraInfo("peername");
      assertEquals(await transport.closed, info);
      await turns();
    },
  },
  ...endingsInside("connectionMade"),
  ...endingsInside("dataReceived"),
  ...endingsInside("eofReceived"),
  ...endingsInside("pauseWriting", ["backPressure"]),
  ...endingsInside("resumeWriting", ["backPressure"]),
  ...endingsInside("connectionLost"),
];

/** Cases that end the connection inside a callback, which then is the last one but connectionLost. */
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
  // What is queued goes out after close(), and resumeWriting is told of that.
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
