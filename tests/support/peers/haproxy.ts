import { deadline } from "@std/async";
import { TextLineStream } from "@std/streams";
import { PATIENCE_MS } from "./outside_peer.ts";

/**
 * Runs HAProxy for as long as a scope lasts.
 *
 * @param config Its configuration.
 * @returns The running program, when its ports are open.
 * @throws {Error} If it does not start.
 */
export async function startHaproxy(config: string): Promise<AsyncDisposable> {
  const file = await Deno.makeTempFile({ prefix: "sluice-", suffix: ".cfg" });
  await Deno.writeTextFile(file, config);
  const child = new Deno.Command("haproxy", {
    args: ["-W", "-f", file],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const lines = child.stderr.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
    [Symbol.asyncIterator]();
  const end = async (): Promise<void> => {
    child.kill("SIGTERM");
    while (!(await lines.next()).done) continue;
    await child.status;
    await Deno.remove(file);
  };
  // The master opens the ports, then starts the worker that serves them, and then says so.
  for (let said = ""; !said.includes("Loading success");) {
    const { done, value } = await deadline(lines.next(), PATIENCE_MS);
    if (done) throw new Error(`Cannot start haproxy: ${said}`);
    said += `${value}\n`;
  }
  return { [Symbol.asyncDispose]: end };
}
