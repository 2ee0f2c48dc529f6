/** Every scenario, in the order of the tables. */

import type { LoadArguments, LoadResult } from "./harness/load_generator.ts";
import type { Kind } from "./servers.ts";

/** Figures by their names. */
export type Values = Readonly<Record<string, number>>;

/** The things that a scenario works with while one server is measured once. */
export interface Measurement {
  /** The port of the server, on 127.0.0.1. */
  readonly port: number;
  /** How long to measure, in milliseconds. */
  readonly windowMs: number;
  /** Whether the server was measured before, so that it is warm. */
  readonly isWarm: boolean;
  /** Runs the load generator against the server; the second argument is called while it holds. */
  load(load: LoadArguments, whileHeld?: () => Promise<void>): Promise<LoadResult>;
  /** Runs a program on the core of the load generator; resolves to what it printed. */
  run(command: readonly string[]): Promise<string>;
  /** The CPU time that the server has used, in seconds. */
  serverCpu(): Promise<number>;
  /** The memory that the server holds for itself, in KiB. */
  serverMemory(): Promise<number>;
}

/** A load on a server, and the figures that it gives. */
interface Load {
  /** The load in one line. */
  readonly title: string;
  /** The figures that it gives; the overview shows the first. */
  readonly figures: readonly string[];
  /** Whether every measurement needs a server that has done nothing before. */
  readonly needsFresh?: boolean;
  /** Measures one server once. */
  measure(measurement: Measurement): Promise<Values>;
}

/** A load on the servers of one kind. */
export interface Scenario extends Load {
  /** Its name on the command line. */
  readonly name: string;
  /** The kind of servers it needs. */
  readonly kind: Kind;
  /** The head of its column in the overview; scenarios of several kinds may share one. */
  readonly column: string;
  /** Whether `--quick` includes it. */
  readonly isQuick: boolean;
}

const RATE = "messages/s";
const CPU = "CPU µs/message";
const MEMORY = "KiB/connection";
const [P50, P99, P999] = ["p50 µs", "p99 µs", "p99.9 µs"] as const;

/** How long a server is warmed up: engines compile what runs often, and need about a second. */
const WARM_UP_MS = 1000;
/** How long a server that is warm is loaded before the window begins. */
const RUN_UP_MS = 200;
/** The same, as requests of each kind to a Redis server. */
const WARM_UP_REQUESTS = 150_000;
/** In so many windows there are several hundred TLS handshakes. */
const HANDSHAKE_WINDOWS = 4;

/** The rate in a second, and the cost of each; `unit` is how many count as one. */
function ratesOf(
  { done, seconds, serverCpuSeconds }: LoadResult,
  [rate, cpu]: readonly [rate: string, cpu: string],
  unit = 1,
): Values {
  return {
    [rate]: done / unit / seconds,
    [cpu]: serverCpuSeconds * 1e6 / (done / unit),
  };
}

/** Runs the load generator for a window, on a server that is warm. */
async function measureWindow(
  { load, windowMs, isWarm }: Measurement,
  settings: LoadArguments,
  figures: readonly [rate: string, cpu: string] = [RATE, CPU],
  windows = 1,
): Promise<Values> {
  const times = { warmup: isWarm ? RUN_UP_MS : WARM_UP_MS, duration: windows * windowMs };
  const result = await load({ ...settings, ...times });
  const { p50 = NaN, p99 = NaN, p999 = NaN } = result;
  return { ...ratesOf(result, figures), [P50]: p50, [P99]: p99, [P999]: p999 };
}

/** Messages echoed over connections that stay open. */
function echo(connections: number, size: number, depth: number): Load {
  const settings = { mode: "echo", connections, size, depth } as const;
  return {
    title: `${connections} connections, ${size} B, ${depth} outstanding on each`,
    figures: [RATE, CPU],
    measure: (measurement) => measureWindow(measurement, settings),
  };
}

/** The same with many connections, which the server may serve unevenly: latencies show that. */
function many(connections: number): Load {
  return { ...echo(connections, 64, 1), figures: [RATE, CPU, P99] };
}

/** Datagrams over one socket: 50 outstanding that come back, or as many as can be that do not. */
function datagrams(mode: "datagrams" | "flood", size: number): Load {
  const settings = { mode, connections: 1, size, depth: 50 } as const;
  return {
    title: `UDP, ${size} B, ${mode === "flood" ? "one way" : "50 outstanding"}`,
    figures: [CPU, RATE],
    measure: (measurement) => measureWindow(measurement, settings),
  };
}

/** Connections that have one message echoed and are closed. */
function comeAndGo(connections: number, size: number, windows = 1): Load {
  const settings = { mode: "once", connections, size } as const;
  const figures = ["connections/s", "CPU µs/connection"] as const;
  return {
    title: `connect, echo ${size} B, close; ${connections} at a time`,
    figures,
    measure: (measurement) => measureWindow(measurement, settings, figures, windows),
  };
}

/** Connections that have echoed one message and stay open. */
function idle(connections: number): Load {
  return {
    title: `${connections} idle connections that echoed 64 B`,
    figures: [MEMORY],
    needsFresh: true,
    async measure({ load, serverMemory }): Promise<Values> {
      // A hundred that come and go first: what the first ones cost is not what each costs.
      await load({ mode: "idle", size: 64, connections: 100 });
      const before = await serverMemory();
      let after = NaN;
      await load({ mode: "idle", size: 64, connections }, async () => {
        after = await serverMemory();
      });
      return { [MEMORY]: (after - before) / connections };
    },
  };
}

/** Messages that are due by the clock: a server that stands still cannot slow the schedule down. */
function latency(connections: number, rate: number): Load {
  const settings = { mode: "rate", connections, size: 64, rate } as const;
  return {
    title: `${connections} connections, 64 B, ${rate} messages/s in all`,
    figures: [P99, P999, P50, CPU],
    measure: (measurement) => measureWindow(measurement, settings, [RATE, CPU], 2),
  };
}

/** Bytes there and back over one connection, in messages of 64 KiB. */
function transfer(mebibytes: number): Load {
  const limit = { total: mebibytes * 2 ** 20, duration: 60_000 };
  const settings = { mode: "stream", connections: 1, size: 65_536, ...limit } as const;
  const figures = ["MiB/s", "CPU µs/MiB"] as const;
  return {
    title: `${mebibytes} MiB there and back over one connection`,
    figures,
    measure: async ({ load }) => ratesOf(await load(settings), figures, 16),
  };
}

/** The commands of `redis-benchmark`, by the heads of their columns. */
const COMMANDS: Readonly<Record<string, string>> = {
  "SET/s": "set",
  "GET/s": "get",
  "PING/s": "ping_mbulk",
};

/** Redis's own benchmark, with its own load generator; so many requests take about a second. */
function redis(depth: number, requestsPerSecond: number): Load {
  return {
    title: `redis-benchmark -c 50 -P ${depth}`,
    figures: [...Object.keys(COMMANDS), CPU],
    async measure({ port, run, serverCpu, windowMs, isWarm }): Promise<Values> {
      const requests = Math.ceil(requestsPerSecond * windowMs / 1000);
      const ask = async (command: string, count: number, pipeline: number): Promise<number> => {
        const options = ["-p", `${port}`, "-c", "50", "-P", `${pipeline}`, "-n", `${count}`];
        const output = await run(["redis-benchmark", ...options, "-t", command, "--csv"]);
        // The head names the columns; the first is the name of the test, the second is the rate.
        return Number(/^"[^"]+","([\d.]+)"/.exec(output.split("\n")[1] ?? "")?.[1]);
      };
      if (!isWarm) {
        for (const command of Object.values(COMMANDS)) await ask(command, WARM_UP_REQUESTS, 16);
      }
      const before = await serverCpu();
      const values: Record<string, number> = {};
      for (const [label, command] of Object.entries(COMMANDS)) {
        values[label] = await ask(command, requests, depth);
      }
      const spent = await serverCpu() - before;
      return { ...values, [CPU]: spent * 1e6 / (requests * Object.keys(COMMANDS).length) };
    },
  };
}

const QUICK = ["small", "pipelined", "16KiB", "64KiB", "latency"];

const TABLE: readonly [name: string, kind: Kind, column: string, load: Load][] = [
  ["small", "plain", "small messages", echo(50, 64, 1)],
  ["pipelined", "plain", "pipelined", echo(50, 64, 16)],
  ["16KiB", "plain", "16 KiB", echo(10, 16_384, 1)],
  ["64KiB", "plain", "64 KiB", echo(4, 65_536, 4)],
  ["open-10", "plain", "10 connections", echo(10, 64, 1)],
  ["open-1000", "plain", "1,000 connections", many(1000)],
  ["open-5000", "plain", "5,000 connections", many(5000)],
  ["open-10000", "plain", "10,000 connections", many(10_000)],
  ["transfer", "plain", "1 GiB", transfer(1024)],
  ["connect", "plain", "connect", comeAndGo(50, 64)],
  ["idle", "plain", "idle memory", idle(5000)],
  ["latency", "plain", "p99", latency(50, 20_000)],
  ["tls-small", "tls", "small messages", echo(50, 64, 1)],
  ["tls-pipelined", "tls", "pipelined", echo(50, 64, 16)],
  ["tls-64KiB", "tls", "64 KiB", echo(4, 65_536, 4)],
  ["tls-connect", "tls", "connect", comeAndGo(50, 64, HANDSHAKE_WINDOWS)],
  ["tls-idle", "tls", "idle memory", idle(500)],
  ["relay-16KiB", "relay", "16 KiB", echo(10, 16_384, 1)],
  ["relay-64KiB", "relay", "64 KiB", echo(4, 65_536, 4)],
  ["udp", "datagrams", "small messages", datagrams("datagrams", 64)],
  ["udp-flood", "datagrams", "1 KiB, one way", datagrams("flood", 1024)],
  ["redis", "redis", "small messages", redis(1, 10_000)],
  ["redis-pipelined", "redis", "pipelined", redis(16, 70_000)],
];

/** The scenarios: a new one is a row of the table. */
export const SCENARIOS: readonly Scenario[] = TABLE.map(([name, kind, column, load]) => {
  const title = kind === "tls" ? `TLS, ${load.title}` : load.title;
  return { ...load, name, kind, column, title, isQuick: QUICK.includes(name) };
});
