/**
 * Compares a trace of this library with what CPython's asyncio recorded.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Scenario, Trace } from "./running/scenario.ts";

/** For each exception of Python, the errors here that stand for it. */
const ERRORS: Readonly<Record<string, readonly string[]>> = {
  AssertionError: ["InvalidStateError"],
  BrokenPipeError: ["BrokenPipe"],
  CancelledError: ["AbortError"],
  ConnectionRefusedError: ["ConnectionRefused"],
  ConnectionResetError: ["ConnectionReset", "ConnectionLostError"],
  FileNotFoundError: ["NotFound"],
  "OSError[EADDRINUSE]": ["AddrInUse"],
  OverflowError: ["RangeError"],
  PermissionError: ["PermissionDenied"],
  RuntimeError: ["InvalidStateError"],
  ValueError: ["RangeError", "TypeError", "LimitOverrunError"],
};

/**
 * The trace that we must give: asyncio's, but for the lanes that the scenario names as different.
 */
export function expectedTrace(scenario: Scenario, recorded: Trace): Trace {
  return { ...recorded, ...scenario.differs?.trace };
}

/** Fails unless `actual` equals `expected` line by line, errors being translated. */
export function assertTrace(actual: Trace, expected: Trace): void {
  const lanes = [...new Set([...Object.keys(expected), ...Object.keys(actual)])].sort();
  const shown = lanes.map((lane) => [lane, actual[lane] ?? []]);
  const wanted = lanes.map((lane) => [lane, translate(expected[lane] ?? [], actual[lane] ?? [])]);
  assertEquals(shown, wanted);
}

/** Whether two traces say the same, errors being translated. */
export function isSameTrace(actual: readonly string[], expected: readonly string[]): boolean {
  const wanted = translate(expected, actual);
  return actual.length === wanted.length && actual.every((line, index) => line === wanted[index]);
}

/** {@linkcode isSameTrace} for all lanes. */
export function isWholeTraceSame(actual: Trace, expected: Trace): boolean {
  return Object.entries(expected).every(([lane, lines]) => isSameTrace(actual[lane] ?? [], lines));
}

/** Python's lines in our words; where several words stand for one, that of the actual line. */
function translate(expected: readonly string[], actual: readonly string[]): string[] {
  return expected.map((line, index) => {
    const ours = alternatives(line);
    const found = actual[index] ?? "";
    // Our error may say more than Python's: readline() there raises a plain ValueError.
    const same = [found, found.replace(/ consumed \d+$/, "")];
    return ours.some((alternative) => same.includes(alternative)) ? found : ours[0] ?? line;
  });
}

function alternatives(line: string): string[] {
  const words = line.split(" ");
  const position = words.findIndex((word) => Object.hasOwn(ERRORS, word));
  const names = ERRORS[words[position] ?? ""];
  return names === undefined ? [line] : names.map((name) => words.with(position, name).join(" "));
}
