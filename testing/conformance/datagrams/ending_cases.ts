import { assert, assertEquals } from "@std/assert";
import type { DatagramProtocolCallbacks } from "../../../protocols/datagram_contract.ts";
import { casesOf, type DatagramCase } from "./datagram_scene.ts";
import { turns } from "../scene.ts";

/** Every way to end, and callbacks that fail. */
export const datagramEndingCases: readonly DatagramCase[] = casesOf({
  "close() sends what is queued, then calls connectionLost(null)": async (scene) => {
    const [a, b] = [await scene.open(), await scene.open()];
    for (let i = 0; i < 50; i++) a.transport.sendto(`${i}`, b.address);
    a.transport.close();
    assertEquals([a.transport.isClosing(), a.count("connectionLost")], [true, 0]);
    const { endedBy, error, sent, unsent } = await a.transport.closed;
    assertEquals([endedBy, error, sent, unsent], ["local", null, 50, 0]);
    await b.arrived(50);
  },

  "await using closes and waits": async (scene) => {
    const [a, b] = [await scene.open(), await scene.open()];
    {
      await using transport = a.transport;
      transport.sendto("last", b.address);
    }
    assertEquals(a.calls.at(-1), "connectionLost");
    await b.arrived(1);
  },

  "abort() drops what is queued and tells its reason; the connection ends once": async (scene) => {
    const [a, b] = [await scene.open(), await scene.open()];
    const settled: (string | undefined)[] = [];
    for (let i = 0; i < 50; i++) {
      a.transport.sendto("x", b.address, (error) => settled.push(error?.name));
    }
    const reason = new Error("Enough");
    a.transport.abort(reason);
    a.transport.abort();
    a.transport.close();
    assertEquals(a.count("connectionLost"), 0, "not inside of the call");
    const info = await a.transport.closed;
    assertEquals([info.endedBy, info.error, info.unsent], ["error", reason, 50]);
    assertEquals(settled, new Array(50).fill("ConnectionLostError"));
  },

  "after close() nothing is sent and nothing is received": async (scene) => {
    const [a, b] = [await scene.open(), await scene.open()];
    b.transport.close();
    a.transport.sendto("to a peer that is gone", b.address);
    await b.transport.closed;
    const settled: (Error | null)[] = [];
    b.transport.sendto("after the end", a.address);
    b.transport.sendto("after the end", a.address, (error) => settled.push(error));
    b.transport.pauseReading();
    b.transport.resumeReading();
    await turns();
    // A network may or may not know that a peer is gone.
    assertEquals([a.received.length, b.received.length], [0, 0]);
    assertEquals(settled.map((error) => error?.name), ["ConnectionLostError"]);
    assert(!a.transport.isClosing(), "the end of a peer closes no endpoint");
  },

  "callbacks that throw or reject are reported, and the endpoint goes on": async (scene) => {
    const fail = (): void => {
      throw new Error("Thrown by the test");
    };
    const reject = async (): Promise<void> => {
      await null;
      fail();
    };
    const failing: DatagramProtocolCallbacks[] = [
      { datagramReceived: fail },
      { datagramReceived: reject },
      { errorReceived: fail },
      { errorReceived: reject },
      { pauseWriting: fail },
      { pauseWriting: reject },
      { resumeWriting: fail },
      { resumeWriting: reject },
    ];
    for (const inner of failing) {
      const a = await scene.open();
      const b = await scene.open(inner, { writeBufferLimits: { high: 0 } });
      a.transport.sendto("first", b.address);
      b.transport.sendto(new Uint8Array(300_000), a.address);
      a.transport.sendto("second", b.address);
      await b.arrived(2);
      b.transport.sendto("an answer", a.address);
      await a.arrived(1);
      await turns();
      const expected = Object.keys(inner)[0];
      assert(b.reported.length > 0, expected);
      for (const { callback } of b.reported.splice(0)) assertEquals(callback, expected);
      assert(!b.transport.isClosing());
    }
  },

  "an exception in connectionMade is reported and ends the endpoint with it": async (scene) => {
    const failure = new Error("Thrown by the test");
    const a = await scene.open({
      connectionMade(): void {
        throw failure;
      },
    });
    const { endedBy, error } = await a.transport.closed;
    assertEquals([endedBy, error], ["error", failure]);
    assertEquals(a.reported.splice(0), [{ callback: "connectionMade", error: failure }]);
  },
});
