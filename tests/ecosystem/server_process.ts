import { deadline } from "@std/async";
import { TextLineStream } from "@std/streams";
import { PATIENCE_MS } from "../support/peers/outside_peer.ts";

/** How a server is started. */
interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** The line that it prints when its port is open. */
  readonly ready: RegExp;
  /** Where it says so. */
  readonly says: "stdout" | "stderr";
  /** The account that it runs as where we are root: some servers refuse to run as root. */
  readonly account?: string;
  /** The way to end it in good order. */
  readonly signal?: Deno.Signal;
}

/** Runs a command as another account, if we are root. */
export function asAccount(
  account: string | undefined,
  program: string,
  args: readonly string[],
): [program: string, args: string[]] {
  if (account === undefined || Deno.uid() !== 0) return [program, [...args]];
  const ids = [`--reuid=${account}`, `--regid=${account}`, "--init-groups"];
  return ["setpriv", [...ids, program, ...args]];
}

/** Starts a server; the promise resolves when its port is open. It ends with the scope. */
export async function startProcess(command: ServerCommand): Promise<AsyncDisposable> {
  const { ready, says, signal = "SIGTERM" } = command;
  const [program, args] = asAccount(command.account, command.program, command.args);
  const child = new Deno.Command(program, {
    args,
    stdin: "null",
    stdout: says === "stdout" ? "piped" : "null",
    stderr: says === "stderr" ? "piped" : "null",
  }).spawn();
  const lines = child[says].pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())[Symbol.asyncIterator]();
  let said = "";
  const next = async (): Promise<boolean> => {
    const { done, value } = await lines.next();
    said += `${value ?? ""}\n`;
    return !done;
  };
  try {
    while (!ready.test(said)) {
      if (!await deadline(next(), PATIENCE_MS)) throw new Error(`${program} said:\n${said}`);
    }
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  // Read on, so that it does not wait for us.
  const drained = (async () => {
    while (await next()) said = "";
  })();
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill(signal);
      await drained;
      await child.status;
    },
  };
}
