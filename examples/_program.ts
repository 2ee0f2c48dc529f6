/**
 * Shared parts of the examples: running until Ctrl-C or SIGTERM, and one line for an error.
 *
 * ```text
 * await runProgram(async () => {
 *   await serveUntilStopped(await createServer(() => new Echo(), readFlags(listenFlags(8888))));
 * });
 * ```
 *
 * @module
 */
import { formatAddress, type Server, type Transport } from "@sluice/net";
import { FlagError, programName } from "./_flags.ts";

/** How long clients have to take what is queued for them when a server stops, in milliseconds. */
const GRACE_MS = 1000;

/**
 * Runs a program. An error becomes one line on stderr; the exit code is 2 for a wrong flag, 1 for
 * any other error.
 */
export async function runProgram(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    console.error(`${programName()}: ${explain(error)}`);
    Deno.exit(error instanceof FlagError ? 2 : 1);
  }
  // A task that is still under way does not delay the end of a program that was told to stop.
  if (isStopping) Deno.exit(0);
}

/**
 * Serves until Ctrl-C or SIGTERM. Then it stops listening and closes the clients. The bytes queued
 * for them are sent first; a client that does not take them within a second is cut off.
 */
export async function serveUntilStopped(server: Server): Promise<void> {
  // Listens for the rest of the program, so that its end is not cut off.
  void stopRequested();
  console.log(`listening on ${server.addresses.map(formatAddress).join(", ")}`);
  console.log("stop with Ctrl-C");
  const onSignal = () => console.log(stopLine(server.connections.size));
  await server.serveUntilSignal({ grace: GRACE_MS, closeClients: true, onSignal });
}

/** Says how many connections a program closes when it stops. */
export function stopLine(connections: number): string {
  return `stopping, ${count(connections, "connection")} to close`;
}

/** A number with its noun: "1 connection", "2 connections". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

let isStopping = false;

/**
 * Resolves at the first Ctrl-C or SIGTERM. Later ones change nothing: the examples end within two
 * seconds anyway, and a signal for a group of processes may arrive more than once.
 */
export function stopRequested(): Promise<void> {
  // Windows has no SIGTERM.
  const signals: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  return new Promise((resolve) => {
    for (const signal of signals) {
      Deno.addSignalListener(signal, () => {
        isStopping = true;
        resolve();
      });
    }
  });
}

/** `Deno.serve`, with an error that names the address and the flag if the port is in use. */
export function serveHttp(
  where: { readonly hostname: string; readonly port: number; readonly flag: string },
  onListen: (address: Deno.NetAddr) => void,
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  const { flag, ...address } = where;
  try {
    return Deno.serve({ ...address, onListen }, handler);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new Error(
      `Cannot listen on ${where.hostname}:${where.port}: ${error.message}${otherPort(flag)}`,
      { cause: error },
    );
  }
}

/** The address of the other end of a connection, as text. */
export function peerOf(transport: Transport): string {
  return formatAddress(transport.getExtraInfo("peername"));
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const [line = ""] = error.message.split("\n");
  return `${line}${hint(error, line)}`;
}

function hint(error: Error, line: string): string {
  if (error instanceof Deno.errors.AddrInUse) {
    return /^Cannot (listen on|bind) \S+:\d+: /.test(line)
      ? otherPort("port")
      : "; choose another --path";
  }
  if (error instanceof Deno.errors.ConnectionRefused) return "; is the server running?";
  return "";
}

function otherPort(flag: string): string {
  return `; choose another --${flag} (0: any free one)`;
}
