import type { SubprocessTransport } from "../../protocols/subprocess_contract.ts";
import {
  check,
  checkOptions,
  type OptionName,
  type OptionTable,
  show,
  wrongKind,
} from "../../protocols/option_checks.ts";
import { MAX_FD } from "../core/system/inherited_sockets.ts";

/** A file that a child process reads or writes by itself. */
export interface FileStdio {
  /** Where it is. A FIFO makes the start wait until its other end is open. */
  readonly path: string | URL;
  /**
   * Whether output is appended instead of replacing the file.
   *
   * @default {false}
   */
  readonly append?: boolean;
}

/**
 * The kind of a descriptor of a child process.
 *
 * - `"piped"`: a pipe to us.
 * - `"inherit"`: our own.
 * - `"null"`: nothing to read, and nothing that is written goes anywhere.
 * - a number: a descriptor of the system's that we have open, such as `openSync` of node:fs gives.
 * - `{ path }`: a file, which is made if it is to be written.
 * - a transport: the stdin of that process, which was started with `stdin: "shared"`. Output goes
 *   there without passing through JavaScript. It can be given away once.
 */
export type Stdio = "piped" | "inherit" | "null" | number | FileStdio | SubprocessTransport;

/**
 * The kinds of stdin: any {@linkcode Stdio} but a process; or `"shared"`, a pipe that another
 * process will write to.
 */
export type StdinStdio = Exclude<Stdio, SubprocessTransport> | "shared";

const FILE_CHECKS: OptionTable<FileStdio> = { path: check.anything, append: check.flag };
const KINDS = ["piped", "inherit", "null"];

/** Checks a {@linkcode StdinStdio}. */
export function checkStdin(value: unknown, option: OptionName): void {
  if (value !== "shared") checkStdio(value, option, `${KINDS.join(", ")}, shared`);
}

/** Checks a {@linkcode Stdio}. */
export function checkOutput(value: unknown, option: OptionName): void {
  const isTransport = typeof value === "object" && value !== null && "getPipeTransport" in value;
  if (!isTransport) checkStdio(value, option, `${KINDS.join(", ")}, a process`);
}

function checkStdio(value: unknown, option: OptionName, kinds: string): void {
  if (typeof value === "string" && KINDS.includes(value)) return;
  if (typeof value === "number") {
    if (Number.isInteger(value) && value >= 0 && value <= MAX_FD) return;
    throw new RangeError(`Cannot ${option.action}: ${option.name} ${value} is not a descriptor`);
  }
  if (typeof value === "object" && value !== null && "path" in value) {
    checkOptions(`${option.action}: ${option.name}`, value, FILE_CHECKS, ["path"]);
    if (typeof value.path === "string" || value.path instanceof URL) return;
    throw new TypeError(
      `Cannot ${option.action}: ${option.name}.path ${show(value.path)} is not a path`,
    );
  }
  throw wrongKind(option, value, `is not one of ${kinds}, a descriptor, { path }`);
}
