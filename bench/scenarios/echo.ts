/** Echo over connections that stay open: the scenarios a to e, lines, and growth. */

import { MESSAGE_CPU, MESSAGES } from "../harness/figure.ts";
import type { LoadResult } from "../harness/load_generator.ts";
import type { Point, Role, Scenario, Values } from "../harness/scenario.ts";

/** What differs between scenarios of echo. */
export interface EchoSettings extends Pick<Scenario, "name" | "title" | "quick" | "sameCore"> {
  /** What servers do with the messages. */
  readonly role: Role;
  /** How many connections. */
  readonly connections: number;
  /** Bytes in a message. */
  readonly size: number;
  /** Messages outstanding on each connection. */
  readonly depth: number;
}

/**
 * Turns what the load generator measured into figures of messages.
 *
 * @param result What it measured.
 * @returns Messages a second, and CPU time for each where known.
 */
export function messageValues(result: LoadResult): Values {
  const { messages = 0, seconds, serverCpuSeconds } = result;
  const values: Record<string, number> = { [MESSAGES.key]: messages / seconds };
  if (serverCpuSeconds !== undefined && messages > 0) {
    values[MESSAGE_CPU.key] = serverCpuSeconds * 1e6 / messages;
  }
  return values;
}

const ONE_POINT: readonly Point[] = [{ label: "", value: 0 }];

/**
 * Makes a scenario of messages that are echoed over connections that stay open.
 *
 * @param settings How many of what.
 * @returns The scenario.
 */
export function echoScenario(settings: EchoSettings): Scenario {
  const { connections, size, depth, ...rest } = settings;
  return {
    ...rest,
    figures: [MESSAGES, MESSAGE_CPU],
    points: () => ONE_POINT,
    measure: async ({ load, warmupMs, windowMs }) =>
      messageValues(
        await load({
          mode: "echo",
          connections,
          size,
          depth,
          payload: rest.role === "lines" ? "lines" : "bytes",
          warmup: warmupMs,
          duration: windowMs,
        }),
      ),
  };
}

const growth: Scenario = {
  name: "growth",
  title: "64 B, 10 to 10,000 connections, one message outstanding on each",
  role: "echo",
  quick: false,
  figures: [MESSAGE_CPU, MESSAGES],
  points: () =>
    [10, 100, 1000, 10_000].map((value) => {
      return { label: `${value.toLocaleString("en")} connections`, value, connections: value };
    }),
  measure: async ({ load, warmupMs, windowMs }, { value }) =>
    messageValues(
      await load({
        mode: "echo",
        connections: value,
        size: 64,
        depth: 1,
        warmup: warmupMs,
        duration: windowMs,
      }),
    ),
};

/** The scenarios of this file. */
export const scenarios: readonly Scenario[] = [
  echoScenario({
    name: "a",
    title: "64 B, 1 connection, one outstanding; server and load on one core",
    role: "echo",
    quick: false,
    connections: 1,
    size: 64,
    depth: 1,
    sameCore: true,
  }),
  echoScenario({
    name: "b",
    title: "64 B, 50 connections, one outstanding on each",
    role: "echo",
    quick: true,
    connections: 50,
    size: 64,
    depth: 1,
  }),
  echoScenario({
    name: "c",
    title: "64 B, 50 connections, 16 outstanding on each",
    role: "echo",
    quick: true,
    connections: 50,
    size: 64,
    depth: 16,
  }),
  echoScenario({
    name: "d",
    title: "16 KiB, 10 connections, one outstanding on each",
    role: "echo",
    quick: true,
    connections: 10,
    size: 16 * 1024,
    depth: 1,
  }),
  echoScenario({
    name: "e",
    title: "64 KiB, 4 connections, 4 outstanding on each",
    role: "echo",
    quick: false,
    connections: 4,
    size: 64 * 1024,
    depth: 4,
  }),
  echoScenario({
    name: "lines-b",
    title: "64 B lines, 50 connections, one outstanding on each",
    role: "lines",
    quick: false,
    connections: 50,
    size: 64,
    depth: 1,
  }),
  echoScenario({
    name: "lines-c",
    title: "64 B lines, 50 connections, 16 outstanding on each",
    role: "lines",
    quick: true,
    connections: 50,
    size: 64,
    depth: 16,
  }),
  growth,
];
