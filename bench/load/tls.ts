/**
 * The load generator for TLS, on Deno's own client: modes echo, once and idle, with the arguments
 * and the output of the one in C. It is no faster than the servers: of its messages a second read
 * only what is far apart; the CPU time of the server is the figure.
 */

import process from "node:process";
import { cpuSecondsOf } from "../harness/process_usage.ts";

/** The server answered with bytes that it had not been sent. */
class WrongBytesError extends Error {}

type Result = Record<string, number>;

const BATCH = 64; // connections opened at once
const PATIENCE_MS = 5000; // how much longer a window may be if nothing is done in it
const CA = new URL("../../examples/certificates/ca.crt", import.meta.url);
const caCerts = [await Deno.readTextFile(CA)];
const given = new Map<string, string>();
for (let i = 0; i < Deno.args.length; i += 2) given.set(Deno.args[i] ?? "", Deno.args[i + 1] ?? "");
const number = (name: string, fallback = NaN) => Number(given.get(`--${name}`) ?? fallback);
const [port, size, connections] = [number("port"), number("size", 64), number("connections", 1)];
const pids = (given.get("--pid") ?? "").split(",").map(Number);

/** As in connections.c, no two neighbouring messages are equal. */
const period = ((Math.floor(65_536 / size) + 3) | 1) * size;
const payload = new Uint8Array(2 * period + 2 ** 18);
let state = 2_463_534_242;
for (let i = 0; i < period; i++) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  payload[i] = state >>> 8;
}
for (let i = period; i < payload.length; i++) payload[i] = payload[i - period] ?? 0;

const say = (line: Record<string, string | number>) => console.log(JSON.stringify(line));
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** One connection, at its own place in the payload. */
class Lane {
  sent = 0;
  received = 0;
  readonly #conn: Deno.Conn;
  readonly #base: number;
  readonly #buffer = new Uint8Array(Math.max(size, 16 * 1024));

  private constructor(conn: Deno.Conn, base: number) {
    this.#conn = conn;
    this.#base = base;
  }

  /** TCP_NODELAY is set before the handshake: Deno offers it on plain connections only. */
  static async open(index: number): Promise<Lane> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    conn.setNoDelay(true);
    const tls = await Deno.startTls(conn, { hostname: "localhost", caCerts });
    return new Lane(tls, index * 7 * size % period);
  }

  async send(target: number): Promise<void> {
    while (this.sent < target) {
      const start = (this.#base + this.sent) % period;
      const length = Math.min(target - this.sent, 2 ** 18);
      this.sent += await this.#conn.write(payload.subarray(start, start + length));
    }
  }

  async receive(target: number): Promise<void> {
    while (this.received < target) {
      const n = await this.#conn.read(this.#buffer);
      if (n === null) throw new Error("Cannot receive: the server closed");
      const start = (this.#base + this.received) % period;
      for (let i = 0; i < n; i++) {
        if (this.#buffer[i] === payload[start + i]) continue;
        throw new WrongBytesError(
          `byte is ${this.#buffer[i]} at ${this.received + i}, expected ${payload[start + i]}`,
        );
      }
      this.received += n;
    }
  }

  async exchange(messages: number): Promise<void> {
    await Promise.all([this.send(messages * size), this.receive(messages * size)]);
  }

  close(): void {
    this.#conn.close();
  }
}

async function openLanes(): Promise<Lane[]> {
  const lanes: Lane[] = [];
  while (lanes.length < connections) {
    const length = Math.min(BATCH, connections - lanes.length);
    const batch = Array.from({ length }, (_, i) => Lane.open(lanes.length + i));
    lanes.push(...await Promise.all(batch));
  }
  for (const lane of lanes) await lane.exchange(1);
  return lanes;
}

async function clocks(): Promise<{ wall: number; load: number; server: number }> {
  const { user, system } = process.cpuUsage();
  const wall = performance.now() / 1000;
  return { wall, load: (user + system) / 1e6, server: await cpuSecondsOf(pids) };
}

/**
 * Waits for a time, and longer if nothing is done by then: other programs may have had the core.
 */
async function run(ms: number, work: Promise<unknown>, count: () => number): Promise<void> {
  const [before, end] = [count(), performance.now() + ms];
  await Promise.race([work, pause(ms)]);
  while (count() === before) {
    const late = performance.now() - end;
    if (late > PATIENCE_MS) throw new Error(`Cannot measure: no answer within ${ms + late} ms`);
    await Promise.race([work, pause(10)]);
  }
}

/** Lets work go on for the warm-up, and counts over the window. */
async function measure(work: Promise<unknown>, count: () => number): Promise<Result> {
  await run(number("warmup", 200), work, count);
  const [from, before] = [await clocks(), count()];
  await run(number("duration", 1000), work, count);
  const [done, to] = [count() - before, await clocks()];
  const times = { seconds: to.wall - from.wall, loadCpuSeconds: to.load - from.load };
  return { ...times, serverCpuSeconds: to.server - from.server, done };
}

async function runEcho(): Promise<Result> {
  const lanes = await openLanes();
  const depth = number("depth", 1);
  const drive = async (lane: Lane): Promise<never> => {
    for (;;) {
      const answered = Math.floor(lane.received / size);
      const sending = lane.send((answered + depth) * size);
      await lane.receive((answered + 1) * size);
      await sending;
    }
  };
  const total = () => lanes.reduce((sum, { received }) => sum + received, 0);
  const { done = 0, ...times } = await measure(Promise.race(lanes.map(drive)), total);
  return { ...times, done: done / size };
}

async function runOnce(): Promise<Result> {
  let opened = 0;
  let finished = 0;
  const place = async (): Promise<never> => {
    for (;;) {
      const lane = await Lane.open(opened++);
      await lane.exchange(1);
      lane.close();
      finished++;
    }
  };
  const work = Promise.race(Array.from({ length: connections }, place));
  return await measure(work, () => finished);
}

async function runIdle(): Promise<Result> {
  const lanes = await openLanes();
  say({ event: "held" });
  await Deno.stdin.read(new Uint8Array(1));
  return { seconds: 0, loadCpuSeconds: 0, serverCpuSeconds: 0, done: lanes.length };
}

const MODES: Record<string, () => Promise<Result>> = {
  echo: runEcho,
  once: runOnce,
  idle: runIdle,
};

try {
  const run = MODES[given.get("--mode") ?? ""];
  if (run === undefined) throw new TypeError(`Cannot start: mode is ${given.get("--mode")}`);
  say({ event: "result", ...await run() });
  Deno.exit(0);
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const isWrong = error instanceof WrongBytesError;
  say({ event: isWrong ? "wrong" : "failed", message: error.message });
  Deno.exit(isWrong ? 3 : 1);
}
