import {
  type Check,
  check,
  type OptionName,
  optionsOf,
  type OptionTable,
  show,
  wrongKind,
} from "../../../protocols/option_checks.ts";
import type { Fault, ScheduledFault } from "./faults.ts";
import { LINK_CHECKS } from "../link_conditions.ts";

/** A number of milliseconds that has an end. */
export function finiteTime(least: number): Check {
  const range = least === 0 ? "a time of 0 ms or more" : "a number of milliseconds";
  const isGood = (value: number): boolean => value >= least && Math.abs(value) < Infinity;
  return check.numeric(isGood, `is not ${range}`, "a number of milliseconds");
}

type Kind = Fault["kind"];

/** The fault of a kind: some kinds share one type. */
type FaultOf<K extends Kind, F = Fault> = F extends { readonly kind: infer J }
  ? K extends J ? F : never
  : never;

type Table<K extends Kind> = Omit<OptionTable<FaultOf<K>>, "kind">;

const PAIR: Table<"hold"> = { a: check.text, b: check.text };
const HOST: Table<"stall"> = { host: check.text };

/** The parts of each kind of fault. */
const PARTS: { readonly [K in Kind]: Table<K> } = {
  partition: { ...PAIR, oneWay: check.flag },
  heal: PAIR,
  hold: PAIR,
  release: PAIR,
  reset: PAIR,
  link: {
    ...PAIR,
    conditions: check.either((value) => value === null, check.anything, optionsOf(LINK_CHECKS)),
  },
  crash: { ...HOST, process: check.flag },
  restart: HOST,
  stall: HOST,
  unstall: HOST,
  exhaust: HOST,
  replenish: HOST,
  skew: { ...HOST, milliseconds: finiteTime(-Infinity) },
  connects: { ...HOST, answer: check.oneOf("accept", "refuse", "ignore") },
  lookups: { ...HOST, delay: finiteTime(0), fail: check.flag },
};

/** Kinds that need none of their parts. */
const LOOSE: readonly string[] = ["heal", "lookups"];
/** Parts that may be left out. */
const OPTIONAL: readonly string[] = ["b", "oneWay", "process"];

/** A fault with all its parts. */
export function checkFault(fault: unknown, option: OptionName): void {
  const kind: unknown = typeof fault === "object" && fault !== null
    ? Reflect.get(fault, "kind")
    : undefined;
  if (typeof kind !== "string") throw wrongKind(option, fault, "is not a fault, as { kind }");
  if (!Object.hasOwn(PARTS, kind)) {
    const where = option.name === "" ? "" : `${option.name}: `;
    throw new TypeError(`Cannot ${option.action}: ${where}there is no kind ${show(kind)}`);
  }
  const parts: Readonly<Record<string, Check>> = { ...PARTS[kind as Kind], kind: check.text };
  const names = Object.keys(parts).filter((name) => !OPTIONAL.includes(name));
  optionsOf(parts, LOOSE.includes(kind) ? [] : names)(fault, option);
  const { a, b } = fault as { readonly a?: string; readonly b?: string };
  if (a !== undefined && a === b) {
    throw wrongKind(option, fault, `is between host ${show(a)} and itself`);
  }
}

/** The checks of {@linkcode ScheduledFault}. */
export const checkScheduledFault: Check = optionsOf<ScheduledFault>(
  { at: finiteTime(0), fault: checkFault },
  ["at", "fault"],
);
