import { assertEquals } from "@std/assert";
import { serveHttp, toNodeStream } from "../../node/mod.ts";
import { ecosystemTest } from "./ecosystem_test_case.ts";
import { load } from "./packages.ts";
import { onAllRoads } from "./roads.ts";

/** The parts of undici that are used here. */
type Connector = (options: object, done: (error: Error | null, stream: object) => void) => void;
interface Undici {
  readonly Agent: new (
    options: { connections: number; connect: Connector },
  ) => { close(): Promise<void> };
  readonly fetch: (url: string, options: object) => Promise<Response>;
}

ecosystemTest({
  name: "undici fetches over a connection that it keeps",
  leavesTimers: true,
  async run(t): Promise<void> {
    const { Agent, fetch } = await load<Undici>("undici");
    await using server = await serveHttp(
      async (request) => new Response(`got ${(await request.bytes()).length}`),
      { port: 0 },
    );
    await onAllRoads(t, server.port, async (connect) => {
      let connections = 0;
      const dispatcher = new Agent({
        connections: 1,
        connect: async (_options, done) => {
          connections++;
          done(null, toNodeStream(await connect()));
        },
      });
      for (const size of [10, 500_000]) {
        const body = new Uint8Array(size);
        const response = await fetch("http://test.example/", { method: "POST", body, dispatcher });
        assertEquals(await response.text(), `got ${size}`);
      }
      assertEquals(connections, 1);
      await dispatcher.close();
    });
  },
});
