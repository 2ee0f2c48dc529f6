import type { CallTrace } from "../engine/open_wait.ts";

/** A frame of a stack. */
export interface StackFrame {
  /** The function, as `StreamReader.readline`; empty if it has no name. */
  readonly name: string;
  /** The module. */
  readonly url: string;
  /** The line, from 1. */
  readonly line: number;
  /** The column, from 1. */
  readonly column: number;
}

/** The folder of this library. */
const ROOT = new URL("../../../", import.meta.url).href;
/** Its parts. Tests and examples beside them are programs as any other. */
const PARTS = ["protocols/", "transports/", "streams/", "testing/"];

/** The frames of a stack, innermost first, those of the runtime too. */
export function framesOf(trace: CallTrace): StackFrame[] {
  const frames: StackFrame[] = [];
  for (const text of (trace.stack ?? "").split("\n")) {
    const match = /^ +at (?:async )?(?:(.*) \()?([^()]+):(\d+):(\d+)\)?$/.exec(text);
    if (match === null) continue;
    const [, name = "", url = "", line, column] = match;
    frames.push({ name, url, line: Number(line), column: Number(column) });
  }
  return frames;
}

/** Whether a frame is of a program: neither of the library nor of the runtime. */
export function isOfProgram({ url }: StackFrame): boolean {
  if (!/^[a-z]+:\/\//.test(url)) return false;
  return !url.startsWith(ROOT) || !PARTS.some((part) => url.startsWith(ROOT + part));
}

/** A place as `tests/chat_test.ts:12:7`. */
export function showPlace({ url, line, column }: StackFrame): string {
  return `${showModule(url)}:${line}:${column}`;
}

/** A module as a path, which begins at the current folder if it is there. */
export function showModule(url: string): string {
  const folder = currentFolder();
  if (folder !== null && url.startsWith(folder)) return decodeURI(url.slice(folder.length));
  return url.startsWith("file:///") ? decodeURI(url.slice("file://".length)) : url;
}

/** The current folder as a URL; `null` if it may not be known. */
function currentFolder(): string | null {
  try {
    const path = Deno.cwd().replaceAll("\\", "/");
    return new URL(`file://${path.startsWith("/") ? "" : "/"}${path}/`).href;
  } catch {
    return null;
  }
}
