import { given } from "../../../protocols/option_checks.ts";
import type { SpawnOptions, StdioOptions } from "node:child_process";
import type { Duplex } from "node:stream";
import type { SubprocessTransport } from "../../../protocols/subprocess_contract.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { describeOsError, fromNodeError } from "../../core/os_error.ts";
import type { Child, ChildPipe } from "./child.ts";
import { ChildTransport } from "./child_transport.ts";
import { CommandChild, type CommandStdio, spawnCommand } from "./command_child.ts";
import { StreamInput, StreamOutput } from "../../carriers/pipes/stream_pipe.ts";
import type { CommandOptions } from "../command_options.ts";
import type { SharedStdin } from "./shared_stdin.ts";
import { SESSION_STARTER, startInTerminal } from "./start_in_terminal.ts";
import { isTerminal } from "../terminal.ts";
import { type Command, runInTerminal } from "./terminal.ts";
import type { FileStdio, StdinStdio, Stdio } from "../stdio.ts";

/**
 * A descriptor as both ways to start a process understand it; `"shared"` is a pipe for another
 * process.
 */
type Descriptor = "piped" | "inherit" | "null" | "shared" | number | Duplex;

/**
 * Starts a process: by `Deno.Command`, which is fastest; by node:child_process where there are more
 * than three descriptors, or a pipe that goes to another process.
 *
 * @param program What to run.
 * @param stdio What its descriptors are, from 0 on.
 * @param options How.
 * @throws The failure of the system, with the name of the program.
 */
export async function startChild(
  program: string | URL,
  stdio: readonly (Stdio | StdinStdio)[],
  options: CommandOptions,
): Promise<Child> {
  const { args = [], pty = false } = options;
  if (isTerminal(pty)) {
    try {
      return startInTerminal(program, stdio, options, pty);
    } catch (error) {
      throw describeFailure(error, String(program), SESSION_STARTER);
    }
  }
  const command = runInTerminal(program, args, pty);
  const opened: number[] = [];
  const shared = claimShared(stdio);
  try {
    const descriptors: Descriptor[] = [];
    for (const [fd, kind] of stdio.entries()) descriptors.push(await openStdio(kind, fd, opened));
    const child = needsNode(descriptors)
      ? await startByNode(command, descriptors, options)
      : startByDeno(command, descriptors, options);
    for (const stdin of shared) stdin.drop();
    return child;
  } catch (error) {
    for (const stdin of shared) stdin.giveBack();
    throw describeFailure(error, String(program), command.program);
  } finally {
    // The child has its own by now.
    if (opened.length > 0) await closeFiles(opened);
  }
}

function isProcess(kind: Stdio | StdinStdio): kind is SubprocessTransport & ChildTransport {
  return kind instanceof ChildTransport;
}

/** The shared stdins among its descriptors, kept for this process from now on. */
function claimShared(stdio: readonly (Stdio | StdinStdio)[]): readonly SharedStdin[] {
  const shared = [...new Set(stdio.filter(isProcess))].map(({ sharedStdin }) => sharedStdin);
  const claimed: SharedStdin[] = [];
  try {
    for (const stdin of shared) {
      stdin.claim();
      claimed.push(stdin);
    }
  } catch (error) {
    for (const stdin of claimed) stdin.giveBack();
    throw error;
  }
  return claimed;
}

async function openStdio(
  kind: Stdio | StdinStdio,
  fd: number,
  opened: number[],
): Promise<Descriptor> {
  if (isProcess(kind)) return kind.sharedStdin.stream;
  if (typeof kind !== "object") return kind;
  if (!("path" in kind)) {
    throw new InvalidStateError(
      "Cannot write to that process: its transport is not of this library",
    );
  }
  const file = await openFile(kind, fd);
  opened.push(file);
  return file;
}

async function closeFiles(files: readonly number[]): Promise<void> {
  const { close } = await import("node:fs");
  for (const fd of files) close(fd, () => {});
}

async function openFile({ path, append = false }: FileStdio, fd: number): Promise<number> {
  const { open } = await import("node:fs");
  const flags = fd === 0 ? "r" : append ? "a" : "w";
  return await new Promise((resolve, reject) => {
    open(path, flags, (error, file) => {
      if (error === null) resolve(file);
      else reject(describeOsError(fromNodeError(error), `Cannot open ${path}`));
    });
  });
}

function needsNode(descriptors: readonly Descriptor[]): boolean {
  return descriptors.length > 3 ||
    descriptors.some((descriptor) => descriptor === "shared" || typeof descriptor === "object");
}

function startByDeno(
  { program, args }: Command,
  descriptors: readonly Descriptor[],
  options: CommandOptions,
): Child {
  // Only node:child_process can do the rest.
  const [stdin = "null", stdout = "null", stderr = "null"] = descriptors as CommandStdio[];
  const handle = spawnCommand(program, args, options, [stdin, stdout, stderr]);
  const pipes = new Map<number, ChildPipe>();
  if (stdin === "piped") pipes.set(0, { output: new StreamOutput(handle.stdin) });
  if (stdout === "piped") pipes.set(1, { input: new StreamInput(handle.stdout) });
  if (stderr === "piped") pipes.set(2, { input: new StreamInput(handle.stderr) });
  return new CommandChild(handle, pipes);
}

async function startByNode(
  { program, args }: Command,
  descriptors: readonly Descriptor[],
  { cwd, env, clearEnv = false, uid, gid, startNewSession = false }: CommandOptions,
): Promise<Child> {
  const options: SpawnOptions = {
    detached: startNewSession,
    env: clearEnv ? { ...env } : { ...Deno.env.toObject(), ...env },
    ...given({ cwd, uid, gid }),
    stdio: descriptors.map(forNode) as StdioOptions,
  };
  const name = program instanceof URL ? decodeURIComponent(program.pathname) : program;
  // Only a program that needs it loads node:child_process.
  const { NodeChild } = await import("./node_child.ts");
  return await NodeChild.start(name, args, options, descriptors[0] === "shared");
}

function forNode(descriptor: Descriptor): string | number | Duplex {
  if (descriptor === "piped" || descriptor === "shared") return "pipe";
  return descriptor === "null" ? "ignore" : descriptor;
}

function describeFailure(error: unknown, program: string, run: string | URL): Error {
  const described = describeOsError(fromNodeError(error), `Cannot run ${program}`);
  if (described instanceof Deno.errors.NotCapable) {
    if (described.message.includes("run access")) {
      described.message += `; --allow-run=${run} is enough`;
    } else if (described.message.includes("env access")) {
      described.message += "; pipes between processes, and more than three, need --allow-env";
    }
  }
  return described;
}
