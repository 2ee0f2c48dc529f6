import { HangError, type SimulationError } from "../simulation_error.ts";
import { framesOf, isOfProgram } from "./stack_frames.ts";

/**
 * A text that two runs have in common if they fail for the same reason, as far as that can be seen:
 * the kind of the failure, its host, the line that threw and the message without its numbers; for a
 * hang the lines that wait. So a search for a simpler failure does not end at another one.
 */
export function identityOf(error: SimulationError): string {
  const { name, host, cause, problem, run } = error;
  const parts = error instanceof HangError
    ? run.waits.filter(({ state }) => state === "running").flatMap(({ waits }) =>
      waits.map(({ where, what }) => where === null ? "" : `${what.replace(/ .*/, "")} ${where}`)
    )
    : [placeOf(cause)];
  const distinct = [...new Set(parts)].filter((part) => part !== "").sort();
  return [name, host ?? "", withoutNumbers(problem), ...distinct].join("\n");
}

/** The line of the program that threw. */
function placeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "";
  const frame = framesOf({ stack: cause.stack ?? "" }).find(isOfProgram);
  return `${cause.name} ${frame === undefined ? "" : `${frame.url}:${frame.line}`}`;
}

/** Numbers count events, bytes or milliseconds, and differ from run to run. */
function withoutNumbers(text: string): string {
  return text.replace(/\b0x[\da-f]+\b|[\da-f]{8}-[\da-f-]{27}|\d+(?:\.\d+)?/gi, "#");
}
