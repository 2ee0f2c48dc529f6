import { assertEquals } from "@std/assert";
import type { Duplex } from "node:stream";
import { toNodeStream } from "../../node/mod.ts";
import { ecosystemTest } from "./ecosystem_test_case.ts";
import { load } from "./packages.ts";
import { onAllRoads } from "./roads.ts";
import { startRedis } from "./servers.ts";

/** The parts of ioredis that are used here. */
interface Ioredis {
  readonly Redis: new (options: object) => {
    set(key: string, value: string): Promise<unknown>;
    get(key: string): Promise<string | null>;
    pipeline(): { incr(key: string): { exec(): Promise<unknown> } };
    quit(): Promise<unknown>;
    disconnect(reconnect: boolean): void;
    once(event: string, listener: () => void): void;
  };
  readonly AbstractConnector: abstract new (timeout: number) => {
    stream: Duplex;
    connect(): Promise<Duplex>;
  };
}

ecosystemTest({
  name: "ioredis runs over a connection, and connects again over a new one",
  program: "redis-server",
  async run(t): Promise<void> {
    const { AbstractConnector, Redis } = await load<Ioredis>("ioredis");
    await using server = await startRedis();
    await onAllRoads(t, server.port, async (connect) => {
      class Connector extends AbstractConnector {
        constructor({ disconnectTimeout = 2000 }) {
          super(disconnectTimeout);
        }
        override connect = async () => this.stream = toNodeStream(await connect());
      }
      const redis = new Redis({ Connector });
      const large = "x".repeat(1_000_000);
      await redis.set("large", large);
      assertEquals(await redis.get("large"), large);
      assertEquals(await redis.pipeline().incr("n").exec(), [[null, 1]]);
      const again = new Promise<void>((resolve) => redis.once("ready", resolve));
      redis.disconnect(true);
      await again;
      await redis.set("n", "0");
      const ended = new Promise<void>((resolve) => redis.once("end", resolve));
      await redis.quit();
      await ended;
    });
  },
});
