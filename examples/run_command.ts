/**
 * One program, run in three ways: by callbacks, by streams, and as a connection.
 *
 * The program is `sort`, which is there on every system. It is given words, one a line, and prints
 * them in order. A program that fails says so, with the last lines of its stderr.
 *
 *     deno run --allow-run=sort examples/run_command.ts --words "pear apple fig"
 *     deno task example run_command
 *
 * It needs `--allow-run=sort`.
 *
 * @module
 */
import {
  connectProcess,
  createSubprocessExec,
  subprocessExec,
  SubprocessProtocol,
} from "@sluice/net";
import { readFlags } from "./_flags.ts";
import { runProgram } from "./_program.ts";

const decoder = new TextDecoder();

/** Collects the output of a process, and notes its end. */
class Collector extends SubprocessProtocol {
  text = "";

  override pipeDataReceived(fd: number, data: Uint8Array): void {
    if (fd === 1) this.text += decoder.decode(data, { stream: true });
  }

  override processExited(): void {
    console.log("callbacks: the process has exited");
  }
}

async function byCallbacks(input: string): Promise<string> {
  const { transport, protocol } = await subprocessExec(() => new Collector(), "sort");
  const stdin = transport.getPipeTransport(0);
  stdin?.write(input);
  stdin?.writeEof();
  // The exit, and the end of every pipe.
  await transport.closed;
  return protocol.text;
}

async function byStreams(input: string): Promise<string> {
  await using process = await createSubprocessExec("sort", {
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const { stdout } = await process.check(input);
  return decoder.decode(stdout);
}

async function asConnection(input: string): Promise<string> {
  let text = "";
  const { transport, exited } = await connectProcess(
    () => ({ dataReceived: (chunk) => void (text += decoder.decode(chunk)) }),
    "sort",
  );
  transport.write(input);
  transport.writeEof();
  await transport.closed;
  console.log(`connection: exit code ${(await exited).code}`);
  return text;
}

await runProgram(async () => {
  const { words } = readFlags({ words: ["pear apple fig", "what to sort, between spaces"] });
  const input = words.split(/\s+/).map((word) => `${word}\n`).join("");
  console.log(`callbacks: ${(await byCallbacks(input)).trim().split(/\s+/).join(" ")}`);
  console.log(`streams: ${(await byStreams(input)).trim().split(/\s+/).join(" ")}`);
  console.log(`connection: ${(await asConnection(input)).trim().split(/\s+/).join(" ")}`);
  await using failing = await createSubprocessExec("sort", {
    args: ["no-such-file"],
    stdout: "null",
    stderr: "piped",
  });
  const error = await failing.check().catch((error: Error) => error);
  console.log(error instanceof Error ? error.message : "sort has found the file");
});
