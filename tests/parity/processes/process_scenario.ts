import type { CreateSubprocessOptions } from "../../../streams/processes/create_subprocess_options.ts";

/** A kind of descriptor. */
export type Kind = "piped" | "null" | "inherit";

/** A lane that is meant to differ: the row of differences.json, and all that it has here. */
export interface ProcessDifference {
  readonly row: string;
  readonly here: readonly string[];
}

/** A scenario of child processes, as scenarios.json has it. */
export interface ProcessScenario {
  readonly name: string;
  /** By callbacks, unless it says streams. */
  readonly face?: "streams";
  /** The command of the shell. */
  readonly command?: string;
  /** The program, instead of the shell. */
  readonly program?: string;
  readonly stdin?: Kind;
  readonly stdout?: Kind;
  readonly stderr?: Kind;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly limit?: number;
  /** Which callback throws, the first time. */
  readonly fails?: string;
  /** The lanes that are compared; all, if not given. */
  readonly only?: readonly string[];
  readonly steps: readonly (readonly [action: string, ...rest: unknown[]])[];
  readonly differs?: Readonly<Record<string, ProcessDifference>>;
}

/** The program and its options, as both faces take them. */
export function commandOf(
  scenario: ProcessScenario,
): { readonly program: string; readonly options: CreateSubprocessOptions } {
  const { program = "sh", command, env, cwd } = scenario;
  const { stdin = "piped", stdout = "piped", stderr = "piped" } = scenario;
  return {
    program,
    options: {
      args: command === undefined ? [] : ["-c", command],
      stdin,
      stdout,
      stderr,
      ...(env !== undefined && { env, clearEnv: true }),
      ...(cwd !== undefined && { cwd }),
    },
  };
}
