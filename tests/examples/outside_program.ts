/**
 * Runs programs that are no part of this project, as peers for the examples.
 *
 * @module
 */
import { deadline } from "@std/async";

/** The longest wait for an answer, in milliseconds. */
const PATIENCE_MS = 20_000;

/**
 * Registers a test that needs an outside program. Where that is missing it is skipped, and says
 * so; on a machine that must have it (with `CI=true`) it fails.
 *
 * @param program The name of the program.
 * @param name The name of the test.
 * @param test The test.
 */
export function testWith(program: string, name: string, test: () => Promise<void>): void {
  const ignore = Deno.env.get("CI") !== "true" && !isInstalled(program);
  if (ignore) console.log(`skipped, ${program} is not installed: ${name}`);
  Deno.test({ name, ignore, fn: test });
}

function isInstalled(program: string): boolean {
  try {
    const options: Deno.CommandOptions = {
      args: ["-h"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    };
    new Deno.Command(program, options).outputSync();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Runs a program, types `input` into it and ends it as soon as it has printed `expected`, or something
 * else of that length. With an outside program that half-closes it is told of the end of the input.
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
    await stdin.close().catch(() => {});
    await end(child);
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

async function end(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It had ended by itself.
  }
  await child.status;
}
