/** Every scenario, in the order of the tables. */

import type { LoadArguments, LoadResult } from "./harness/load_generator.ts";
import type { Kind } from "./servers.ts";

/** One kind of figure. */
export interface Figure {
  /** Its key, and the head of its column. */
  readonly label: string;
  /** Which way is good. */
  readonly better: "higher" | "lower";
}

/** Figures by their labels. */
export type Values = Readonly<Record<string, number>>;

/** What a scenario works with while one server is measured once. */
export interface Measurement {
  /** The port of the server, on 127.0.0.1. */
  readonly port: number;
  /** How long to measure, in milliseconds. */
  readonly windowMs: number;
  /** Runs the load generator against the server; the second argument is called while it holds. */
  load(load: LoadArguments, whileHeld?: () => Promise<void>): Promise<LoadResult>;
  /** Runs a program on the core of the load generator; resolves to what it printed. */
  run(command: readonly string[]): Promise<string>;
  /** The CPU time that the server has used, in seconds. */
  serverCpu(): Promise<number>;
  /** The memory that the server holds for itself, in KiB. */
  serverMemory(): Promise<number>;
}

/** A scenario. */
export interface Scenario {
  /** Its name on the command line. */
  readonly name: string;
  /** The head of its column in the overview; scenarios of several kinds may share one. */
  readonly column: string;
  /** What is done, in one line. */
  readonly title: string;
  /** What servers it needs. */
  readonly kind: Kind;
  /** The figures that it gives; the overview shows the first. */
  readonly figures: readonly Figure[];
  /** Whether `--quick` includes it. */
  readonly isQuick: boolean;
  /** Measures one server once. */
  measure(measurement: Measurement): Promise<Values>;
}

type Place = Pick<Scenario, "name" | "column" | "title" | "kind" | "isQuick">;

const RATE: Figure = { label: "messages/s", better: "higher" };
const CPU: Figure = { label: "CPU µs/message", better: "lower" };
const CONNECTIONS: Figure = { label: "connections/s", better: "higher" };
const CONNECTION_CPU: Figure = { label: "CPU µs/connection", better: "lower" };
const MEMORY: Figure = { label: "KiB/connection", better: "lower" };
const MEBIBYTES: Figure = { label: "MiB/s", better: "higher" };
const MEBIBYTE_CPU: Figure = { label: "CPU µs/MiB", better: "lower" };
const LATENCIES: readonly Figure[] = ["p50 µs", "p99 µs", "p99.9 µs"].map((label) => {
  return { label, better: "lower" };
});

function rates(done: number, result: LoadResult, rate: Figure, cpu: Figure): Values {
  const { seconds, serverCpuSeconds } = result;
  return { [rate.label]: done / seconds, [cpu.label]: serverCpuSeconds * 1e6 / done };
}

/** Messages echoed over connections that stay open. */
function echo(place: Place, connections: number, size: number, depth: number): Scenario {
  return {
    ...place,
    figures: [RATE, CPU],
    async measure({ load, windowMs }): Promise<Values> {
      const times = { warmup: windowMs / 2, duration: windowMs };
      const result = await load({ mode: "echo", connections, size, depth, ...times });
      return rates(result.messages ?? NaN, result, RATE, CPU);
    },
  };
}

/** Datagrams over one socket: 50 outstanding that come back, or as many as can be that do not. */
function datagrams(place: Place, mode: "datagrams" | "flood", size: number): Scenario {
  return {
    ...place,
    figures: [CPU, RATE],
    async measure({ load, windowMs }): Promise<Values> {
      const times = { warmup: windowMs / 2, duration: windowMs };
      const result = await load({ mode, connections: 1, size, depth: 50, ...times });
      return rates(result.messages ?? NaN, result, RATE, CPU);
    },
  };
}

/** Connections that have one message echoed and are closed. */
function comeAndGo(place: Place): Scenario {
  return {
    ...place,
    figures: [CONNECTIONS, CONNECTION_CPU],
    async measure({ load, windowMs }): Promise<Values> {
      const times = { warmup: windowMs / 2, duration: windowMs };
      const result = await load({ mode: "once", connections: 50, size: 64, ...times });
      return rates(result.connections ?? NaN, result, CONNECTIONS, CONNECTION_CPU);
    },
  };
}

/** Connections that have echoed one message and stay open. */
function idle(place: Place, connections: number): Scenario {
  return {
    ...place,
    figures: [MEMORY],
    async measure({ load, serverMemory }): Promise<Values> {
      // A hundred that come and go first: what the first ones cost is not what each costs.
      await load({ mode: "idle", size: 64, connections: 100 });
      const before = await serverMemory();
      let after = NaN;
      await load({ mode: "idle", size: 64, connections }, async () => {
        after = await serverMemory();
      });
      return { [MEMORY.label]: (after - before) / connections };
    },
  };
}

/** Messages that are due by the clock: a server that stands still cannot slow the schedule down. */
function latency(place: Place, rate: number): Scenario {
  return {
    ...place,
    figures: [...LATENCIES.slice(1), ...LATENCIES.slice(0, 1), CPU],
    async measure({ load, windowMs }): Promise<Values> {
      const times = { warmup: windowMs / 2, duration: 2 * windowMs };
      const result = await load({ mode: "rate", connections: 50, size: 64, rate, ...times });
      const { p50 = NaN, p99 = NaN, p999 = NaN, messages = NaN } = result;
      const percentiles = { "p50 µs": p50, "p99 µs": p99, "p99.9 µs": p999 };
      return { ...percentiles, [CPU.label]: result.serverCpuSeconds * 1e6 / messages };
    },
  };
}

/** One gibibyte there and back over one connection. */
function transfer(place: Place): Scenario {
  return {
    ...place,
    figures: [MEBIBYTES, MEBIBYTE_CPU],
    async measure({ load }): Promise<Values> {
      const limit = { total: 2 ** 30, duration: 60_000 };
      const result = await load({ mode: "stream", connections: 1, size: 65_536, ...limit });
      return rates((result.bytes ?? NaN) / 2 ** 20, result, MEBIBYTES, MEBIBYTE_CPU);
    },
  };
}

/** What `redis-benchmark` asks for, and how many requests take about a second without and with a pipeline. */
const COMMANDS = ["set", "get", "ping_mbulk"];

/** Redis's own benchmark, with its own load generator. */
function redis(place: Place, depth: number, requestsPerSecond: number): Scenario {
  const figures = COMMANDS.map((command): Figure => {
    return { label: `${command.toUpperCase().replace("_MBULK", "")}/s`, better: "higher" };
  });
  return {
    ...place,
    figures: [...figures, CPU],
    async measure({ port, run, serverCpu, windowMs }): Promise<Values> {
      const requests = Math.ceil(requestsPerSecond * windowMs / 1000);
      const ask = async (command: string, pipeline: number): Promise<number> => {
        const options = ["-p", `${port}`, "-c", "50", "-P", `${pipeline}`, "-n", `${requests}`];
        const output = await run(["redis-benchmark", ...options, "-t", command, "--csv"]);
        // The head names the columns; the first is the name of the test, the second is the rate.
        return Number(/^"[^"]+","([\d.]+)"/.exec(output.split("\n")[1] ?? "")?.[1]);
      };
      for (const command of COMMANDS) await ask(command, 16); // warms up
      const before = await serverCpu();
      const values: Record<string, number> = {};
      for (const [i, command] of COMMANDS.entries()) {
        values[figures[i]?.label ?? ""] = await ask(command, depth);
      }
      const spent = await serverCpu() - before;
      return { ...values, [CPU.label]: spent * 1e6 / (requests * COMMANDS.length) };
    },
  };
}

type Row = [kind: Kind, name: string, column: string, title: string];

function place([kind, name, column, title]: Row, isQuick = false): Place {
  return { kind, name, column, title, isQuick };
}

/** Connections, bytes of a message, messages outstanding on each connection, and whether it is quick. */
const ECHO: [connections: number, size: number, depth: number, isQuick: boolean, row: Row][] = [
  [50, 64, 1, true, ["plain", "small", "small messages", "64 B, 50 connections, one outstanding"]],
  [50, 64, 16, true, ["plain", "pipelined", "pipelined", "64 B, 50 connections, 16 outstanding"]],
  [10, 2 ** 14, 1, true, ["plain", "16KiB", "16 KiB", "10 connections, one outstanding"]],
  [4, 2 ** 16, 4, true, ["plain", "64KiB", "64 KiB", "4 connections, 4 outstanding"]],
  [10, 64, 1, false, ["plain", "open-10", "10 connections", "64 B, one outstanding"]],
  [1000, 64, 1, false, ["plain", "open-1000", "1,000 connections", "64 B, one outstanding"]],
  [5000, 64, 1, false, ["plain", "open-5000", "5,000 connections", "64 B, one outstanding"]],
  [10_000, 64, 1, false, ["plain", "open-10000", "10,000 connections", "64 B, one outstanding"]],
  [50, 64, 1, false, ["tls", "tls-small", "small messages", "TLS, as small"]],
  [50, 64, 16, false, ["tls", "tls-pipelined", "pipelined", "TLS, as pipelined"]],
  [4, 2 ** 16, 4, false, ["tls", "tls-64KiB", "64 KiB", "TLS, as 64KiB"]],
];

/** The scenarios. */
export const SCENARIOS: readonly Scenario[] = [
  ...ECHO.map(([connections, size, depth, isQuick, row]) =>
    echo(place(row, isQuick), connections, size, depth)
  ),
  transfer(place(["plain", "transfer", "1 GiB", "there and back over one connection"])),
  comeAndGo(place(["plain", "connect", "connect", "connect, echo 64 B, close; 50 at a time"])),
  comeAndGo(place(["tls", "tls-connect", "connect", "TLS, as connect"])),
  idle(place(["plain", "idle", "idle memory", "5,000 idle connections that echoed 64 B"]), 5000),
  idle(place(["tls", "tls-idle", "idle memory", "TLS, 500 idle connections"]), 500),
  latency(place(["plain", "latency", "p99", "50 connections, 20,000 messages/s"], true), 20_000),
  datagrams(
    place(["datagrams", "udp", "small messages", "UDP, 64 B, 50 outstanding"]),
    "datagrams",
    64,
  ),
  datagrams(place(["datagrams", "udp-flood", "1 KiB, one way", "UDP, 1 KiB"]), "flood", 1024),
  redis(place(["redis", "redis", "small messages", "redis-benchmark -c 50 -P 1"]), 1, 10_000),
  redis(place(["redis", "redis-pipelined", "pipelined", "redis-benchmark -P 16"]), 16, 70_000),
];
