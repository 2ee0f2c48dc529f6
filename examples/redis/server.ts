/**
 * A small Redis: strings with expiry, counters, lists, hashes and published messages, in memory,
 * for redis-cli, redis-benchmark and every client library.
 *
 * The wire format is a codec (resp.ts), a client is a `FramedProtocol` (session.ts), the commands
 * know nothing of either. Try `redis-cli -p 6380`, or client.ts; stop the server with Ctrl-C.
 *
 *     deno run --allow-net examples/redis/server.ts --port 6380
 *     deno task example redis/server --port 6380
 *
 * It needs `--allow-net`; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import { createServer, type Server } from "@sluice/net";
import { listenFlags, readFlags } from "../_flags.ts";
import { runProgram, serveUntilStopped } from "../_program.ts";
import type { ServerState } from "./command.ts";
import { PubSub } from "./pub_sub.ts";
import { REDIS_VERSION } from "./server_commands.ts";
import { Session, type SessionEvents } from "./session.ts";
import { Store } from "./store.ts";

/** How often some keys are looked at for whether they have expired, in milliseconds. */
const SWEEP_INTERVAL_MS = 100;
/** How many keys that is. */
const SWEPT_KEYS = 1000;

/** All that the clients of one server share. */
export class Redis implements ServerState, SessionEvents {
  readonly store: Store = new Store();
  readonly pubSub: PubSub = new PubSub();
  readonly #startedAt = Date.now();
  #clients = 0;
  #accepted = 0;
  #commands = 0;

  /** The conversation with one more client. */
  readonly connect = (): Session => new Session(++this.#accepted, this, this);

  onOpen(): void {
    this.#clients++;
  }

  onClose(): void {
    this.#clients--;
  }

  onCommand(): void {
    this.#commands++;
  }

  info(): Record<string, Record<string, string | number>> {
    return {
      Server: {
        redis_version: REDIS_VERSION,
        redis_mode: "standalone",
        uptime_in_seconds: Math.floor((Date.now() - this.#startedAt) / 1000),
      },
      Clients: { connected_clients: this.#clients },
      Stats: {
        total_connections_received: this.#accepted,
        total_commands_processed: this.#commands,
      },
      Keyspace: { db0: `keys=${this.store.size},expires=${this.store.expiring},avg_ttl=0` },
    };
  }
}

/** Serves until the server is stopped. */
async function serve(redis: Redis, server: Server): Promise<void> {
  const sweeping = setInterval(() => redis.store.sweep(SWEPT_KEYS), SWEEP_INTERVAL_MS);
  try {
    await serveUntilStopped(server);
  } finally {
    clearInterval(sweeping);
  }
}

if (import.meta.main) {
  await runProgram(async () => {
    const redis = new Redis();
    await serve(redis, await createServer(redis.connect, readFlags(listenFlags(6380))));
  });
}
