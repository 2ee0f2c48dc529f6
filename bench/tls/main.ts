/**
 * Compares echo servers over TLS, each in a process of its own and asked by the same client, in turns: Deno's own
 * TLS in a plain loop, this library on it, node:tls sockets on Deno, and this library's layer. Prints the median of the
 * server's CPU time per message, of messages a second, of handshakes a second, and of the memory per idle connection.
 *
 *     deno run -A bench/tls/main.ts [rounds]
 *
 * Linux only: CPU time and memory come from /proc.
 *
 * @module
 */
import { TextLineStream } from "@std/streams";

const KINDS = ["deno-raw", "sluice-native", "node-tls", "sluice-layer"] as const;
/** How long each measurement takes, in milliseconds. */
const DURATION_MS = 1200;
const TICKS_PER_SECOND = 100;
const IDLE_CONNECTIONS = 100;

/** What one client does: so many connections, each with so many messages of so many bytes under way. */
interface Load {
  readonly name: string;
  readonly connections: number;
  readonly size: number;
  readonly inFlight: number;
}

const LOADS: readonly Load[] = [
  { name: "b: 64 B, 20 connections", connections: 20, size: 64, inFlight: 1 },
  { name: "c: 64 B, 1 connection, 64 in flight", connections: 1, size: 64, inFlight: 64 },
  { name: "e: 64 KiB, 4 connections", connections: 4, size: 65_536, inFlight: 4 },
];

const caCerts = [
  Deno.readTextFileSync(new URL("../../examples/certificates/ca.crt", import.meta.url)),
];

async function connect(port: number): Promise<Deno.TlsConn> {
  const conn = await Deno.connectTls({ hostname: "localhost", port, caCerts });
  await conn.handshake();
  return conn;
}

/** CPU time of a process, in milliseconds. */
function cpuOf(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 1000 / TICKS_PER_SECOND;
}

/** Memory of a process, in KiB. */
function memoryOf(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1]);
}

async function exchange(conn: Deno.TlsConn, load: Load, until: number): Promise<number> {
  const message = new Uint8Array(load.size * load.inFlight);
  const buffer = new Uint8Array(65_536);
  let count = 0;
  while (performance.now() < until) {
    const sending = async () => {
      for (let sent = 0; sent < message.length;) sent += await conn.write(message.subarray(sent));
    };
    const receiving = async () => {
      for (let got = 0; got < message.length;) got += await conn.read(buffer) ?? Infinity;
    };
    await Promise.all([sending(), receiving()]);
    count += load.inFlight;
  }
  return count;
}

async function measure(pid: number, port: number, load: Load): Promise<[number, number]> {
  const conns = await Promise.all(Array.from({ length: load.connections }, () => connect(port)));
  const [start, cpu] = [performance.now(), cpuOf(pid)];
  const counts = await Promise.all(
    conns.map((conn) => exchange(conn, load, start + DURATION_MS)),
  );
  const count = counts.reduce((sum, n) => sum + n, 0);
  const [spent, seconds] = [cpuOf(pid) - cpu, (performance.now() - start) / 1000];
  for (const conn of conns) conn.close();
  return [spent * 1000 / count, count / seconds];
}

async function measureHandshakes(port: number): Promise<number> {
  const start = performance.now();
  let count = 0;
  while (performance.now() < start + DURATION_MS) {
    (await connect(port)).close();
    count++;
  }
  return count * 1000 / (performance.now() - start);
}

async function measureIdle(pid: number, port: number): Promise<number> {
  const before = memoryOf(pid);
  const conns: Deno.TlsConn[] = [];
  for (let i = 0; i < IDLE_CONNECTIONS; i++) conns.push(await connect(port));
  const grown = memoryOf(pid) - before;
  for (const conn of conns) conn.close();
  return grown / IDLE_CONNECTIONS;
}

async function round(kind: string, figures: Map<string, number[]>): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("server.ts", import.meta.url).pathname, kind],
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  const reader = lines.getReader();
  const port = Number((await reader.read()).value);
  const note = (name: string, value: number) => {
    const values = figures.get(`${name}|${kind}`) ?? [];
    figures.set(`${name}|${kind}`, [...values, value]);
  };
  note("idle: KiB per connection", await measureIdle(child.pid, port));
  note("handshakes per second", await measureHandshakes(port));
  for (const load of LOADS) {
    const [cpu, rate] = await measure(child.pid, port, load);
    note(`${load.name}: CPU us per message`, cpu);
    note(`${load.name}: messages per second`, rate);
  }
  child.kill("SIGKILL");
  await reader.read();
  await child.status;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

const figures = new Map<string, number[]>();
const rounds = Number(Deno.args[0] ?? 3);
for (let i = 0; i < rounds; i++) {
  for (const kind of KINDS) await round(kind, figures);
}
const names = new Set(Array.from(figures.keys(), (key) => key.split("|")[0] ?? ""));
console.log(["", ...KINDS].join(" | "));
for (const name of names) {
  const row = KINDS.map((kind) => median(figures.get(`${name}|${kind}`) ?? []).toFixed(1));
  console.log([name, ...row].join(" | "));
}
