import { deadline } from "@std/async";
import { TextLineStream } from "@std/streams";

/** How long an outside program is waited for, in milliseconds. */
export const PATIENCE_MS = 20_000;

/** Runs a program to its end and gives what it printed. */
export async function outputOf(program: string, args: readonly string[]): Promise<string> {
  const command = new Deno.Command(program, { args: [...args], stdin: "null", stderr: "inherit" });
  const { stdout } = await deadline(command.output(), PATIENCE_MS);
  return new TextDecoder().decode(stdout);
}

/** Starts a peer, gives `use` the port that it says it has, and ends it. */
export async function withPeer(
  program: string,
  args: readonly string[],
  said: RegExp,
  use: (port: number, line: (pattern: RegExp) => Promise<string>) => Promise<void>,
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
    await use(Number(await line(said)), line);
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // It had ended by itself.
    }
    while (!(await lines.next()).done) continue;
    await child.status;
  }
}
