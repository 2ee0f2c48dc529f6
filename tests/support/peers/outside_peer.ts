/**
 * Programs from outside this project, as peers for tests. A test whose program is missing says so
 * and is skipped; in continuous integration (`CI=true`) it fails.
 *
 * @module
 */
import { deadline } from "@std/async";
import { TextLineStream } from "@std/streams";

/** How long an outside program is waited for, in milliseconds. */
export const PATIENCE_MS = 60_000;

/**
 * Whether a program is there. If not, it says so, and in continuous integration it throws.
 *
 * @param name The name of the program.
 * @param args With these it ends at once, and well.
 */
export function hasProgram(name: string, args: readonly string[]): boolean {
  if (canRun(name, args)) return true;
  if (Deno.env.get("CI") === "true") throw new Error(`Cannot test: ${name} is not installed`);
  console.log(`Skipped, for ${name} is not installed: the tests against it`);
  return false;
}

/**
 * Registers a test that needs a program, which is skipped where {@linkcode hasProgram} would be
 * false.
 */
export function testWith(program: string, name: string, test: () => Promise<void>): void {
  const ignore = Deno.env.get("CI") !== "true" && !isInstalled(program);
  if (ignore) console.log(`Skipped, for ${program} is not installed: ${name}`);
  Deno.test({ name, ignore, fn: test });
}

function canRun(program: string, args: readonly string[]): boolean {
  const pipes = { stdin: "null", stdout: "null", stderr: "null" } as const;
  try {
    return new Deno.Command(program, { args: [...args], ...pipes }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Looks for a program where the system would: to run it for each test costs seconds in all. */
function isInstalled(program: string): boolean {
  if (isFile(program)) return true;
  const [separator, suffix] = Deno.build.os === "windows" ? [";", ".exe"] : [":", ""];
  const folders = (Deno.env.get("PATH") ?? "").split(separator);
  return folders.some((folder) => isFile(`${folder}/${program}${suffix}`));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Runs a program to its end and gives what it printed. */
export async function outputOf(program: string, args: readonly string[]): Promise<string> {
  const command = new Deno.Command(program, { args: [...args], stdin: "null", stderr: "inherit" });
  const { stdout } = await deadline(command.output(), PATIENCE_MS);
  return new TextDecoder().decode(stdout);
}

/**
 * Starts a peer, gives `use` the port that it says it has, or its word for being ready, and ends
 * it.
 */
export async function withPeer(
  program: string,
  args: readonly string[],
  said: RegExp,
  use: (
    port: number,
    line: (pattern: RegExp) => Promise<string>,
    word: string,
  ) => Promise<void>,
): Promise<void> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
    [Symbol.asyncIterator]();
  const line = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const { done, value } = await deadline(lines.next(), PATIENCE_MS);
      if (done) throw new Error(`${program} ended without a line like ${pattern}`);
      const match = pattern.exec(value);
      if (match !== null) return match[1] ?? match[0];
    }
  };
  try {
    const word = await line(said);
    await use(Number(word), line, word);
  } finally {
    kill(child);
    // Not read to its end: a child of the program may keep it open.
    await lines.return?.();
    await child.status;
  }
}

/**
 * Runs a program, types `input` into it and ends it as soon as it has printed `expected`, or
 * something else of that length.
 *
 * @returns What it printed.
 */
export async function talk(
  program: string,
  args: readonly string[],
  input: string,
  expected: string,
): Promise<string> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode(input));
  try {
    return await deadline(readAtLeast(child.stdout, expected.length), PATIENCE_MS);
  } finally {
    // A program that half-closes is told of the end of the input.
    await stdin.close().catch(() => {});
    kill(child);
    await child.status;
  }
}

async function readAtLeast(stream: ReadableStream<Uint8Array>, length: number): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= length) break;
  }
  return text;
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
