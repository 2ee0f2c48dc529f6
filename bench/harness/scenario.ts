/** What a scenario is and what it may use. One scenario, or a family of them, is one file. */

import type { Figure } from "./figure.ts";
import type { LoadArguments, LoadResult } from "./load_generator.ts";

/**
 * What a server program does with what it receives.
 *
 * - `echo` sends every byte back.
 * - `lines` cuts the stream into lines and sends each line back as it is.
 * - `zlib` is a job: a format; text is compressed and decompressed.
 * - `codecs` is a job: a kind of messages and their size; they are decoded.
 * - `redis` speaks RESP: PING, SET and GET.
 * - `tls` is `echo` behind TLS, with the certificate for tests.
 */
export type Role = "echo" | "lines" | "zlib" | "codecs" | "redis" | "tls";

/** One setting of a scenario. */
export interface Point {
  /** Its name in tables and reports, empty for a scenario with one setting only. */
  readonly label: string;
  /** A number for charts over settings (connections, messages a second). */
  readonly value: number;
  /** The connections that are open at once, if over 900: files that the system must allow. */
  readonly connections?: number;
}

/** Figures by their keys. */
export type Values = Readonly<Record<string, number>>;

/** What a scenario works with while one server is measured once. */
export interface Measurement {
  /** The port of the server, on 127.0.0.1. */
  readonly port: number;
  /** Whether the run has to be over within a minute. */
  readonly quick: boolean;
  /** How long to measure, in milliseconds. */
  readonly windowMs: number;
  /** How long to run the same load before that, in milliseconds. */
  readonly warmupMs: number;
  /**
   * Runs the load generator against the server.
   *
   * @param load What to do.
   * @param whileHeld Called in modes that hold their connections for a look at the server, with
   * the bytes sent so far.
   * @returns What it measured.
   */
  load(load: LoadArguments, whileHeld?: (bytes: number) => Promise<void>): Promise<LoadResult>;
  /**
   * Runs a program in the place of the load generator.
   *
   * @param command The program and its arguments.
   * @returns What it printed.
   * @throws {Error} If it fails.
   */
  run(command: readonly string[]): Promise<string>;
  /**
   * Reads the CPU time that the server's process has used.
   *
   * @returns Seconds, or `null` where the system does not tell.
   */
  serverCpu(): Promise<number | null>;
  /**
   * Reads the memory that the server's process holds for itself.
   *
   * @returns KiB, or `null` where the system does not tell.
   */
  serverMemory(): Promise<number | null>;
  /**
   * Adds a remark to the row in the table.
   *
   * @param text One clause.
   */
  note(text: string): void;
}

/** A scenario. */
export interface Scenario {
  /** Its name on the command line. */
  readonly name: string;
  /** What is done, in one line. */
  readonly title: string;
  /** What servers it needs. */
  readonly role: Role;
  /** The server that its ratios are taken to, the raw loop by default. Without it, it is left out. */
  readonly base?: string;
  /** The figures it gives, the first one being what charts show. */
  readonly figures: readonly Figure[];
  /** Whether `--quick` includes it. */
  readonly quick: boolean;
  /** Whether server and load generator share one core; separate cores otherwise. */
  readonly sameCore?: boolean;
  /**
   * Returns the settings to measure.
   *
   * @param quick Whether time is short.
   * @returns At least one.
   */
  points(quick: boolean): readonly Point[];
  /**
   * Measures one server once.
   *
   * @param measurement The server and the tools.
   * @param point One of the settings.
   * @returns A value for each figure that could be had.
   */
  measure(measurement: Measurement, point: Point): Promise<Values>;
}
