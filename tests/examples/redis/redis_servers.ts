/**
 * A client of the example server in the same process, and redis-server beside it.
 *
 * @module
 */
import { createServer, openConnection, type Server } from "@sluice/net";
import { retry } from "@std/async";
import { RedisClient } from "../../../examples/redis/client.ts";
import { Redis } from "../../../examples/redis/server.ts";
import { freePort } from "../../support/places/free_port.ts";

/** The example server on a port of its own, and a client of it. */
export class RedisPair implements AsyncDisposable {
  readonly server: Server;
  readonly client: RedisClient;
  readonly redis: Redis;

  /** Takes over what is running. */
  constructor(redis: Redis, server: Server, client: RedisClient) {
    this.redis = redis;
    this.server = server;
    this.client = client;
  }

  /** Starts and connects both. */
  static async start(): Promise<RedisPair> {
    const redis = new Redis();
    const server = await createServer(redis.connect, { port: 0 });
    return new RedisPair(redis, server, await RedisClient.connect({ port: server.port }));
  }

  /** Another client. */
  connect(): Promise<RedisClient> {
    return RedisClient.connect({ port: this.server.port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.server.shutdown({ grace: 1000 });
  }
}

/** The real Redis on a port of its own, without files. */
export class RealRedis implements AsyncDisposable {
  readonly port: number;
  readonly #child: Deno.ChildProcess;

  /** Takes over what is running. */
  constructor(child: Deno.ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Starts it, and waits until it answers. */
  static async start(): Promise<RealRedis> {
    const port = freePort();
    const child = new Deno.Command("redis-server", {
      args: ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const redis = new RealRedis(child, port);
    await retry(async () => await (await openConnection({ port })).close(), {
      maxAttempts: 40,
      minTimeout: 25,
      maxTimeout: 500,
    });
    return redis;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}
