/**
 * How fast children start and how fast bytes go through one, beside `Deno.Command` alone and
 * asyncio:
 *
 *     deno run -A bench/processes.ts
 *
 * The ways take turns, so that a change of the machine's load meets all of them. A start is a
 * process without
 * pipes that ends at once; the bytes are 1 GiB to `cat` and back. Each line is the fastest tenth of
 * the rounds, which other
 * programs disturb least, and its ratio to the first.
 *
 * @module
 */
import { createSubprocessExec } from "../streams/processes/create_subprocess.ts";
import { subprocessExec } from "../transports/processes/subprocess.ts";

const MEBIBYTE = 1_048_576;
const TOTAL = 1024 * MEBIBYTE;
const CHUNK = new Uint8Array(65_536);
const CHUNKS = TOTAL / CHUNK.length;
const STARTS = 10;
const START_ROUNDS = 40;
const BYTE_ROUNDS = 5;
const NONE = { stdin: "null", stdout: "null", stderr: "null" } as const;

type Ways = Readonly<Record<string, () => Promise<unknown>>>;

const starts: Ways = {
  "Deno.Command": () => new Deno.Command("true", NONE).spawn().status,
  "subprocessExec": async () => (await subprocessExec(() => ({}), "true", NONE)).transport.closed,
  "createSubprocessExec": async () => (await createSubprocessExec("true", NONE)).wait(),
};

const bytes: Ways = {
  "Deno.Command": async () => {
    const child = new Deno.Command("cat", { stdin: "piped", stdout: "piped" }).spawn();
    const writer = child.stdin.getWriter();
    const writing = (async () => {
      for (let sent = 0; sent < CHUNKS; sent++) await writer.write(CHUNK);
      await writer.close();
    })();
    let received = 0;
    for await (const chunk of child.stdout) received += chunk.length;
    await writing;
    await child.status;
    return received;
  },
  "subprocessExec": async () => {
    let received = 0;
    let room = Promise.withResolvers<void>();
    const { transport } = await subprocessExec(
      () => ({
        pipeDataReceived: (_fd, chunk) => void (received += chunk.length),
        resumeWriting: () => room.resolve(),
      }),
      "cat",
      { stderr: "null" },
    );
    const stdin = transport.getPipeTransport(0);
    for (let sent = 0; sent < CHUNKS; sent++) {
      room = Promise.withResolvers();
      if (!stdin?.write(CHUNK)) await room.promise;
    }
    stdin?.writeEof();
    await transport.closed;
    return received;
  },
  "createSubprocessExec": async () => {
    const process = await createSubprocessExec("cat", { stdin: "piped", stdout: "piped" });
    const writing = (async () => {
      for (let sent = 0; sent < CHUNKS; sent++) {
        process.stdin.write(CHUNK);
        await process.stdin.drain();
      }
      process.stdin.writeEof();
    })();
    let received = 0;
    for (;;) {
      const chunk = await process.stdout.read(CHUNK.length);
      if (chunk.length === 0) break;
      received += chunk.length;
    }
    await writing;
    await process.closed;
    return received;
  },
};

/** Measures each way in turn; gives the times of each, in milliseconds. */
async function measure(ways: Ways, rounds: number, repeat: number): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(ways)) {
      const startedAt = performance.now();
      for (let time = 0; time < repeat; time++) await run();
      times.set(name, [...times.get(name) ?? [], performance.now() - startedAt]);
    }
  }
  return times;
}

/** The rates by the fastest tenth of the rounds. */
function ratesOf(times: Map<string, number[]>, amount: number): [string, number][] {
  return Array.from(times, ([name, all]) => {
    const fast = all.toSorted((a, b) => a - b)[Math.floor(all.length / 10)] ?? NaN;
    return [name, amount / fast * 1000];
  });
}

function print(rates: readonly [string, number][], unit: string): void {
  const base = rates[0]?.[1] ?? NaN;
  for (const [name, rate] of rates) {
    console.log(`${name.padEnd(22)} ${rate.toFixed(0)} ${unit}, ${(rate / base).toFixed(2)}x`);
  }
}

interface Asyncio {
  readonly version: string;
  readonly starts: number;
  readonly mebibytes: number;
}

async function measureAsyncio(): Promise<Asyncio> {
  const script = new URL("processes_asyncio.py", import.meta.url).pathname;
  const process = await createSubprocessExec("python3", { args: [script], stdout: "piped" });
  const { stdout } = await process.check();
  return JSON.parse(new TextDecoder().decode(stdout));
}

const startRates = ratesOf(await measure(starts, START_ROUNDS, STARTS), STARTS);
const byteRates = ratesOf(await measure(bytes, BYTE_ROUNDS, 1), TOTAL / MEBIBYTE);
const asyncio = await measureAsyncio();
const name = `asyncio ${asyncio.version}`;
print([...startRates, [name, asyncio.starts]], "starts a second");
print([...byteRates, [name, asyncio.mebibytes]], "MiB a second");
