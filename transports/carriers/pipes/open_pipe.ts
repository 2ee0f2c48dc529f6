import type { Socket } from "node:net";
import { show } from "../../../protocols/option_checks.ts";
import { abortable } from "../../../protocols/waits/wait_signal.ts";
import { describeOsError } from "../../core/os_error.ts";
import { FileInput, FileOutput, StandardOutput } from "./file_pipe.ts";
import { NodeInput, NodeOutput } from "./node_pipe.ts";
import type { PipeInput, PipeOutput } from "./pipe_carrier.ts";
import { StreamInput } from "./stream_pipe.ts";

/**
 * The source of a pipe to read: a path, an open file, our own stdin, or the number of an inherited
 * descriptor.
 */
export type ReadablePipe = string | URL | Deno.FsFile | typeof Deno.stdin | number;

/**
 * The target of a pipe to write: a path, an open file, our own stdout or stderr, or the number of
 * an inherited descriptor.
 */
export type WritablePipe = string | URL | Deno.FsFile | typeof Deno.stdout | number;

/** Opens a pipe to read from. */
export async function openInput(pipe: ReadablePipe, signal?: AbortSignal): Promise<PipeInput> {
  signal?.throwIfAborted();
  if (pipe === Deno.stdin || pipe === 0) return openStdin();
  if (pipe instanceof Deno.FsFile) return new FileInput(pipe);
  if (typeof pipe === "number") {
    const opened = await openDescriptor(pipe, { read: true });
    return opened instanceof Deno.FsFile ? new FileInput(opened) : new NodeInput(opened);
  }
  checkPath(pipe, "read", "Deno.stdin");
  return new FileInput(await openFile(pipe, { read: true }, signal));
}

/** Opens a pipe to write to. */
export async function openOutput(pipe: WritablePipe, signal?: AbortSignal): Promise<PipeOutput> {
  signal?.throwIfAborted();
  if (pipe === Deno.stdout || pipe === 1) return new StandardOutput(Deno.stdout);
  if (pipe === Deno.stderr || pipe === 2) return new StandardOutput(Deno.stderr);
  if (pipe instanceof Deno.FsFile) return new FileOutput(pipe);
  if (typeof pipe === "number") {
    const opened = await openDescriptor(pipe, { write: true });
    return opened instanceof Deno.FsFile ? new FileOutput(opened) : new NodeOutput(opened);
  }
  checkPath(pipe, "write", "Deno.stdout");
  return new FileOutput(await openFile(pipe, { write: true }, signal));
}

/** Our own stdin. */
export function openStdin(): PipeInput {
  if (Deno.stdin.readable.locked) {
    throw new TypeError("Cannot read stdin: its stream is locked by another reader");
  }
  // A read of the stream can be given up, one of Deno.stdin itself cannot.
  return new StreamInput(Deno.stdin.readable);
}

interface Mode {
  readonly read?: boolean;
  readonly write?: boolean;
}

function checkPath(pipe: unknown, verb: string, own: string): asserts pipe is string | URL {
  if (typeof pipe === "string" || pipe instanceof URL) return;
  throw new TypeError(
    `Cannot ${verb} pipe: ${show(pipe)} is not a path, a Deno.FsFile, ${own} or a descriptor`,
  );
}

/** A FIFO is open when its other end is; the signal ends that wait. */
async function openFile(
  path: string | URL,
  mode: Mode,
  signal?: AbortSignal,
  name: string = String(path),
): Promise<Deno.FsFile> {
  signal?.throwIfAborted();
  const opening = Deno.open(path, mode)
    .catch((error) => Promise.reject(describeOsError(error, `Cannot open ${name}`)));
  try {
    return await abortable(opening, signal);
  } catch (error) {
    if (signal?.aborted) withdraw(opening, path);
    throw error;
  }
}

/**
 * Opens both ends of a FIFO, so that an open that waits for the other end in a system thread goes
 * on.
 */
function withdraw(opening: Promise<Deno.FsFile>, path: string | URL): void {
  let other: Deno.FsFile | undefined;
  try {
    if (Deno.statSync(path).isFifo) other = Deno.openSync(path, { read: true, write: true });
  } catch {
    // Not allowed, or it is gone: then it is closed as soon as it is open.
  }
  opening.then((file) => file.close(), () => {}).finally(() => other?.close());
}

/**
 * A descriptor that this program was started with: node:net takes pipes and sockets, a file is
 * opened anew.
 */
async function openDescriptor(fd: number, mode: Mode): Promise<Socket | Deno.FsFile> {
  if (!(Number.isInteger(fd) && fd >= 0)) {
    throw new RangeError(`Cannot open descriptor: ${fd} is not a whole number of at least 0`);
  }
  // Only a program that needs it loads node:net.
  const { Socket } = await import("node:net");
  try {
    return new Socket({ fd, readable: mode.read ?? false, writable: mode.write ?? false });
  } catch (error) {
    const isFile = error instanceof Error && "code" in error &&
      error.code === "ERR_INVALID_FD_TYPE";
    if (isFile) return await openFile(`/dev/fd/${fd}`, mode, undefined, `descriptor ${fd}`);
    throw describeOsError(error, `Cannot open descriptor ${fd}`);
  }
}
