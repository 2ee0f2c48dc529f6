import { assert, assertEquals } from "@std/assert";
import type { CloseInfo } from "../../protocols/facts/close_info.ts";
import { casesOf, type ConformanceCase, flushed, type Scene, turns } from "./scene.ts";
import { PAUSED } from "./traffic.ts";

/** The results of `closed` and `getExtraInfo`. */
export const closeInfoCases: readonly ConformanceCase[] = casesOf({
  "closed tells that close() ended it, there the peer, and counts the bytes": async (scene) => {
    const [a, b] = await exchange(scene, (a) => a.close());
    assertEquals([a.endedBy, a.error], ["local", null]);
    assertEquals([b.endedBy, b.error], ["peer", null]);
    assertCounts(a, { bytesRead: 20_000, bytesWritten: 100_005, bytesUnsent: 0 });
    assertCounts(b, { bytesRead: 100_005, bytesWritten: 20_000, bytesUnsent: 0 });
  },

  'closed tells "abort" of an abort() without a reason': async (scene) => {
    const [a] = await exchange(scene, (a) => a.abort());
    assertEquals([a.endedBy, a.error], ["abort", null]);
    assertCounts(a, { bytesRead: 20_000, bytesWritten: 100_005, bytesUnsent: 0 });
  },

  'closed tells "error" of an abort() with a reason': async (scene) => {
    const reason = new Error("A reason");
    const [a] = await exchange(scene, (a) => a.abort(reason));
    assertEquals([a.endedBy, a.error], ["error", reason]);
  },

  "closed counts every byte that was accepted as written or unsent": async (scene) => {
    const [a] = await scene.pair({}, PAUSED);
    let accepted = 0;
    for (const size of [1, 70_000, 3000, 5_000_000, 20, 4_000_000]) {
      a.transport.write(new Uint8Array(size));
      accepted += size;
      await turns(1);
    }
    a.transport.abort();
    a.transport.write("dropped");
    const { bytesWritten, bytesUnsent } = await a.transport.closed;
    assertEquals(bytesWritten + bytesUnsent, accepted);
  },

  "closed resolves after connectionLost, for every caller, early or late": async (scene) => {
    const order: string[] = [];
    const [a] = await scene.pair({ connectionLost: () => void order.push("connectionLost") });
    const before = a.transport.closed.then((info) => {
      order.push("closed");
      return info;
    });
    a.transport.close();
    const info = await before;
    assertEquals(order, ["connectionLost", "closed"]);
    assertEquals(await a.transport.closed, info);
  },

  "closed tells how long the connection lasted": async (scene) => {
    const start = performance.now();
    const [a] = await scene.pair();
    await turns();
    a.transport.close();
    const { durationMs } = await a.transport.closed;
    const most = performance.now() - start;
    assert(durationMs > 0 && durationMs <= most, `${durationMs} ms, at most ${most} were`);
  },

  "getExtraInfo() of an unknown name gives the fallback, and null without one": async (scene) => {
    const [{ transport }] = await scene.pair();
    assertEquals(transport.getExtraInfo("no such thing" as never), null);
    assertEquals(transport.getExtraInfo("no such thing" as never, 7), 7);
  },

  "getExtraInfo() still answers inside connectionLost": async (scene) => {
    const names = ["peername", "sockname"] as const;
    let atTheEnd: unknown[] = [];
    const [{ transport }] = await scene.pair({
      connectionLost(): void {
        atTheEnd = names.map((name) => transport.getExtraInfo(name));
      },
    });
    const before = names.map((name) => transport.getExtraInfo(name));
    transport.close();
    await transport.closed;
    assertEquals(atTheEnd, before);
  },
});

/** Has 100,005 bytes go one way and 20,000 the other, and then `end` the first side. */
async function exchange(
  scene: Scene,
  end: (a: { close(): void; abort(reason?: Error): void }) => void,
): Promise<[CloseInfo, CloseInfo]> {
  const [a, b] = await scene.pair();
  a.transport.write(new Uint8Array(100_000));
  a.transport.write("áéx");
  b.transport.writelines([new Uint8Array(12_000), new Uint8Array(8000)]);
  await Promise.all([a.protocol.untilReceived(20_000), b.protocol.untilReceived(100_005)]);
  await Promise.all([flushed(a.transport), flushed(b.transport)]);
  end(a.transport);
  return await Promise.all([a.transport.closed, b.transport.closed]);
}

function assertCounts(info: CloseInfo, expected: Partial<CloseInfo>): void {
  const { bytesRead, bytesWritten, bytesUnsent } = info;
  assertEquals({ bytesRead, bytesWritten, bytesUnsent }, expected);
}
