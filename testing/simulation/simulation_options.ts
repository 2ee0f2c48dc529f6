import {
  check,
  given,
  type OptionName,
  optionsOf,
  type OptionTable,
  outOfRange,
  wrongKind,
} from "../../protocols/option_checks.ts";
import type { CaptureSink } from "../../transports/layers/capture/capture_sink.ts";
import { CHAOS_CHECKS, type ChaosOptions } from "./faults/chaos.ts";
import { checkScheduledFault } from "./faults/fault_checks.ts";
import type { ScheduledFault } from "./faults/faults.ts";
import {
  type Distribution,
  distribution,
  LINK_CHECKS,
  type LinkConditions,
} from "./link_conditions.ts";

/** The most events of a run, unless the options name another number. */
export const MAX_STEPS = 10_000_000;

/** The latest start, in milliseconds since 1970. */
const MAX_START = 4.32e15;

/** Options for {@linkcode simulate}. */
export interface SimulationOptions extends LinkConditions {
  /**
   * Decides everything that is random. The same seed gives the same run.
   *
   * @default {1}
   */
  readonly seed?: number;
  /**
   * How many bytes a segment of a stream carries: always the same, or evenly spread between two.
   *
   * @default {[1, 1460]}
   */
  readonly segmentSize?: number | readonly [least: number, most: number];
  /**
   * How many bytes a direction of a connection holds that were written and not read.
   *
   * @default {65536}
   */
  readonly window?: number;
  /**
   * How long it takes to look a name up, in milliseconds.
   *
   * @default {1}
   */
  readonly lookupLatency?: Distribution;
  /**
   * The run fails when its virtual time comes to this, in milliseconds.
   *
   * @default {86400000}
   */
  readonly maxVirtualTime?: number;
  /**
   * The run fails after so many events.
   *
   * @default {10000000}
   */
  readonly maxSteps?: number;
  /**
   * The value of `Date.now()` at the start, in milliseconds since 1970.
   *
   * @default {1798761600000}
   */
  readonly startTime?: number;
  /**
   * Faults, and when they happen. One whose hosts are not there yet, or not any more, is passed
   * over; the run fails if a host of it never was.
   */
  readonly faults?: readonly ScheduledFault[];
  /**
   * Draws faults from the seed.
   *
   * @default {false}
   */
  readonly chaos?: boolean | ChaosOptions;
  /**
   * Makes the run twice and compares everything that happens. The run fails with a
   * `NondeterminismError` that shows the first event that differs.
   *
   * @default {false}
   */
  readonly checkDeterminism?: boolean;
  /**
   * Writes everything that hosts send into a pcapng file, with virtual times, to be looked at with
   * Wireshark or tshark: a path, a stream, or a function that takes the bytes. The file is complete
   * also if the run fails.
   */
  readonly capture?: CaptureSink;
  /**
   * Draws the run as an SVG picture, also if it fails: the path of a file, or a function that takes
   * the text.
   */
  readonly timeline?: string | URL | ((svg: string) => void);
}

/** {@linkcode SimulationOptions} with the defaults filled in. */
export type SimulationSettings =
  & Required<
    Omit<
      SimulationOptions,
      keyof LinkConditions | "chaos" | "checkDeterminism" | "capture" | "timeline"
    >
  >
  & {
    readonly conditions: LinkConditions;
    readonly chaos: ChaosOptions | null;
  };

function segmentSize(value: unknown, option: OptionName): void {
  if (!Array.isArray(value)) return check.wholeNumber(1)(value, option);
  if (value.length !== 2) throw wrongKind(option, value, "is not [least, most]");
  check.wholeNumber(1)(value[0], option);
  check.wholeNumber(Number(value[0]))(value[1], option);
}

function capture(value: unknown, option: OptionName): void {
  if (value instanceof WritableStream) return;
  timeline(value, option);
}

function timeline(value: unknown, option: OptionName): void {
  const isPath = value instanceof URL || (typeof value === "string" && value !== "");
  if (!isPath && typeof value !== "function") throw wrongKind(option, value, "is not a path");
}

function startTime(value: unknown, option: OptionName): void {
  check.numberFrom(0)(value, option);
  // Later there is no Date any more: half of it is left for the run.
  if (Number(value) > MAX_START) throw outOfRange(option, value, `is after ${MAX_START}`);
}

const isBoolean = (value: unknown): boolean => typeof value === "boolean";

/** The checks of {@linkcode SimulationOptions}. */
export const SIMULATION_CHECKS: OptionTable<SimulationOptions> = {
  ...LINK_CHECKS,
  seed: check.wholeNumber(0, 2 ** 32 - 1),
  segmentSize,
  window: check.wholeNumber(1),
  lookupLatency: distribution,
  maxVirtualTime: check.duration(),
  maxSteps: check.numberAbove0("events"),
  startTime,
  faults: check.listOf(checkScheduledFault),
  checkDeterminism: check.flag,
  capture,
  timeline,
  chaos: check.either(isBoolean, check.flag, optionsOf(CHAOS_CHECKS)),
};

/** Fills in the defaults. */
export function toSettings(options: SimulationOptions): SimulationSettings {
  const { latency, bandwidth, loss, duplication, reordering, mtu, ...rest } = options;
  const conditions = { latency, bandwidth, loss, duplication, reordering, mtu };
  const { chaos = false } = rest;
  return {
    seed: 1,
    segmentSize: [1, 1460],
    window: 65_536,
    lookupLatency: 1,
    maxVirtualTime: 86_400_000,
    maxSteps: MAX_STEPS,
    startTime: Date.UTC(2027, 0, 1),
    faults: [],
    ...given(rest),
    conditions: given(conditions),
    chaos: chaos === true ? {} : chaos === false ? null : chaos,
  };
}

/** Options that have a run written down, and the others: it is enough to write one of many runs. */
export function splitRecording(
  options: SimulationOptions,
): readonly [recording: SimulationOptions, others: SimulationOptions] {
  const { capture, timeline, ...others } = options;
  return [given({ capture, timeline }), others];
}
