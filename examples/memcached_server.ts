/**
 * A small memcached: its text protocol, in memory, for every client library. A codec takes the
 * commands from the bytes (memcached/command_codec.ts), and a client is a `FramedProtocol`
 * (memcached/session.ts).
 *
 * Try `printf 'set a 0 0 2\r\nhi\r\nget a\r\nquit\r\n' | nc 127.0.0.1 11211`. Stop the server with
 * Ctrl-C.
 *
 *     deno run --allow-net examples/memcached_server.ts --port 11211
 *     deno task example memcached_server --port 11211
 *
 * It needs `--allow-net`; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import { createServer, nodeNetwork } from "@sluice/net";
import { listenFlags, readFlags } from "./_flags.ts";
import { runProgram, serveUntilStopped } from "./_program.ts";
import { newCounters, type ServerState } from "./memcached/server_state.ts";
import { Session, type SessionEvents } from "./memcached/session.ts";
import { Store } from "./memcached/store.ts";

const MEBIBYTE = 1_048_576;

/** Options for {@linkcode Memcached}. */
export interface MemcachedOptions {
  /** How much the items may take, in bytes. 64 MiB by default. */
  readonly maxBytes?: number;
  /** The longest value, in bytes. 1 MiB by default. */
  readonly maxValueLength?: number;
  /** The time, in milliseconds since the epoch. That of the system by default. */
  readonly now?: () => number;
}

/** All that the clients of one server share. */
export class Memcached implements ServerState, SessionEvents {
  readonly store: Store;
  readonly maxValueLength: number;
  readonly counters: ServerState["counters"] = newCounters();
  readonly #maxBytes: number;
  readonly #now: () => number;
  readonly #startedAt: number;
  #clients = 0;
  #accepted = 0;

  /** Begins empty. */
  constructor(options: MemcachedOptions = {}) {
    const { maxBytes = 64 * MEBIBYTE, maxValueLength = MEBIBYTE, now = Date.now } = options;
    this.store = new Store(maxBytes, now);
    this.maxValueLength = maxValueLength;
    this.#maxBytes = maxBytes;
    this.#now = now;
    this.#startedAt = now();
  }

  /** The conversation with one more client. */
  readonly connect = (): Session => new Session(this, this);

  onOpen(): void {
    this.#clients++;
    this.#accepted++;
  }

  onClose(): void {
    this.#clients--;
  }

  figures(): Record<string, string | number> {
    const now = this.#now();
    return {
      pid: Deno.pid,
      uptime: Math.floor((now - this.#startedAt) / 1000),
      time: Math.floor(now / 1000),
      pointer_size: 64,
      curr_connections: this.#clients,
      total_connections: this.#accepted,
      curr_items: this.store.size,
      bytes: this.store.bytes,
      evictions: this.store.evictions,
      limit_maxbytes: this.#maxBytes,
      threads: 1,
    };
  }
}

function toMebibytes(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`--memory ${text} is not a whole number of at least 1`);
}

if (import.meta.main) {
  await runProgram(async () => {
    const { memory, ...place } = readFlags({
      ...listenFlags(11_211),
      memory: [64, "how much memory the items may take, in MiB", toMebibytes],
    });
    const memcached = new Memcached({ maxBytes: memory * MEBIBYTE });
    // Many clients with small requests: see docs/networks.md.
    const options = { ...place, network: nodeNetwork };
    await serveUntilStopped(await createServer(memcached.connect, options));
  });
}
