import { type CallTrace, traceCall } from "../engine/open_wait.ts";
import { framesOf, isOfProgram, showModule, type StackFrame } from "./stack_frames.ts";

/** All that it takes to repeat a run. */
export interface Replay {
  /** The seed. */
  readonly seed: number;
  /** Options that are not those of the program. */
  readonly options?: object | undefined;
}

/** The permissions of Deno, as its flags name them. */
const PERMISSIONS = ["read", "write", "net", "env", "run", "sys", "ffi"] as const;

/** Where a simulation was started, from which the command follows that starts it again. */
export class ReplayCommand {
  readonly #trace: CallTrace;

  /** `above`: the function of this library that was called. */
  constructor(above: (...args: never[]) => unknown) {
    this.#trace = traceCall(above);
  }

  /**
   * The command that repeats a run: of the test that it was part of, or of the program.
   *
   * @returns `null` if there is no file to run.
   */
  of({ seed, options }: Replay): string | null {
    const module = mainModule();
    if (module === null) return null;
    const frames = framesOf(this.#trace);
    const variables: [string, string][] = [["SLUICE_SEED", String(seed)]];
    if (options !== undefined) variables.push(["SLUICE_OPTIONS", JSON.stringify(options)]);
    const command = isTest(frames, module) ? testCommand(module, frames) : runCommand(module);
    return withVariables(variables, command);
  }
}

function mainModule(): string | null {
  try {
    return Deno.mainModule;
  } catch {
    // It may be read only with permission in some versions.
    return null;
  }
}

/** Whether the run is part of a test. If the stack does not show it, the name of the file does. */
function isTest(frames: readonly StackFrame[], module: string): boolean {
  return frames.some(({ url }) => /^ext:cli\/40_test/.test(url)) ||
    /[._]test\.[cm]?[jt]sx?$/.test(module);
}

function testCommand(module: string, frames: readonly StackFrame[]): string[] {
  // An example of documentation is a module of its own, named after its lines.
  const [, page] = /^(.+)[$#]\d+-\d+\.\w+$/.exec(module) ?? [];
  const command = ["deno", "test", ...permissionFlags()];
  if (page !== undefined) return [...command, "--doc", showModule(page)];
  const name = testName(module, frames);
  return [...command, showModule(module), ...(name === null ? [] : ["--filter", name])];
}

function runCommand(module: string): string[] {
  return ["deno", "run", ...permissionFlags(), showModule(module), ...Deno.args];
}

function permissionFlags(): string[] {
  const isGranted = (name: (typeof PERMISSIONS)[number]): boolean =>
    Deno.permissions.querySync({ name }).state === "granted";
  const granted = PERMISSIONS.filter(isGranted);
  if (granted.length === PERMISSIONS.length) return ["-A"];
  const flags = granted.map((name) => `--allow-${name}`);
  return granted.includes("env") ? flags : [...flags, "--allow-env=SLUICE_SEED,SLUICE_OPTIONS"];
}

/**
 * The name of the test: the runtime does not tell it, so it is read in the source, if it may be.
 * `null` if there is any doubt: a wrong name would run no test.
 */
function testName(module: string, frames: readonly StackFrame[]): string | null {
  const frame = frames.filter(isOfProgram).findLast(({ url }) => url === module);
  if (frame === undefined) return null;
  const lines = readSource(module)?.split("\n").filter((_, index) => index < frame.line);
  // The statement of the module that the line is part of.
  const start = lines?.findLastIndex((line) => /^[^\s\])}/*]/.test(line)) ?? -1;
  const statement = lines?.filter((_, index) => index >= start).join("\n") ?? "";
  const literal = /^Deno\.test(?:\.only)?\(\s*(?:\{\s*name:\s*)?(["'`])((?:\\.|(?!\1)[^\\])*)\1/
    .exec(statement);
  if (literal === null) {
    return /^Deno\.test\(\s*(?:async\s+)?function\s+(\w+)/.exec(statement)?.[1] ?? null;
  }
  const [, quote, text = ""] = literal;
  if (quote === "`" && text.includes("${")) return null;
  return text.includes("\n") ? null : text.replace(/\\(["'`\\])/g, "$1");
}

function readSource(module: string): string | null {
  if (!module.startsWith("file:")) return null;
  try {
    const path = new URL(module);
    const { state } = Deno.permissions.querySync({ name: "read", path });
    return state === "granted" ? Deno.readTextFileSync(path) : null;
  } catch {
    return null;
  }
}

/** The command as it is typed into the shell of the system. */
function withVariables(variables: readonly [string, string][], command: readonly string[]): string {
  const isWindows = Deno.build.os === "windows";
  const quote = (word: string): string => {
    if (/^[\w@%+=:,./-]+$/.test(word)) return word;
    return `'${word.replaceAll("'", isWindows ? "''" : "'\\''")}'`;
  };
  const settings = variables.map(([name, value]) =>
    isWindows ? `$env:${name}=${quote(value)};` : `${name}=${quote(value)}`
  );
  return [...settings, ...command.map(quote)].join(" ");
}
