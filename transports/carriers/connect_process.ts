import type { AnyProtocol, ProcessExit } from "../../protocols/contract.ts";
import { connectCarrier, type Connected } from "../core/connect_carrier.ts";
import { describeOsError } from "../core/os_error.ts";
import { ProcessCarrier } from "./_process_carrier.ts";
import { checkTimeout } from "../core/timeouts.ts";
import { checkTransportOptions, type TransportOptions } from "../core/transport_options.ts";

/** The default of `exitTimeout`, in milliseconds. */
export const DEFAULT_EXIT_TIMEOUT = 5000;

/** How a process is started and ended. */
export interface ProcessOptions extends TransportOptions {
  /** What the program is told on its command line; nothing by default. */
  readonly args?: readonly string[];
  /** The folder that it runs in; ours by default. */
  readonly cwd?: string | URL;
  /** Variables of its environment, beside ours; none by default. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Whether it gets no other variables than those of `env`.
   *
   * @default {false}
   */
  readonly clearEnv?: boolean;
  /**
   * Where its complaints go: to our own stderr, or nowhere.
   *
   * @default {"inherit"}
   */
  readonly stderr?: "inherit" | "null";
  /**
   * How many milliseconds a process gets to end by itself once the connection is closing. Then it is sent SIGTERM, and after as
   * long again SIGKILL.
   *
   * @default {5000}
   */
  readonly exitTimeout?: number;
}

/** A connection over a process. */
export interface ConnectedProcess<P extends AnyProtocol> extends Connected<P> {
  /** Resolves to how the process ended, once it has. Never rejects. */
  readonly exited: Promise<ProcessExit>;
}

/**
 * Starts a process and makes a connection of its stdin and stdout.
 *
 * `writeEof()` ends its stdin. Its stdout's end is the end of the peer's data. `close()` ends its stdin, reads no more, and waits for
 * the process: `connectionLost` comes when it has ended, and the extra info `exitStatus` says how. `abort()`
 * kills it. A code other than 0 is no error of the connection.
 *
 * The extra info `pid` is its number, `socket` the `Deno.ChildProcess`. Needs `--allow-run` for the program.
 *
 * @example Asking a program
 * ```ts
 * import { connectProcess } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const loud = "console.log((await new Response(Deno.stdin.readable).text()).toUpperCase())";
 * let answer = "";
 * const { transport, exited } = await connectProcess(
 *   () => ({ dataReceived: (chunk) => void (answer += new TextDecoder().decode(chunk)) }),
 *   Deno.execPath(),
 *   { args: ["eval", loud] },
 * );
 * transport.write("is anybody there?");
 * transport.writeEof();
 * await transport.closed;
 * assertEquals(answer, "IS ANYBODY THERE?\n");
 * assertEquals((await exited).code, 0);
 * ```
 *
 * @param protocolFactory Makes the protocol. If it throws, the process is killed and this rejects.
 * @param program What to run.
 * @param options How, and limits, layers and the error handler.
 * @returns The transport, the protocol that the factory made, and how the process ends.
 * @throws {Deno.errors.NotFound} If there is no such program; other failures of the system likewise.
 * @throws {RangeError} If a limit is out of range.
 */
export async function connectProcess<P extends AnyProtocol>(
  protocolFactory: () => P,
  program: string | URL,
  options: ProcessOptions = {},
): Promise<ConnectedProcess<P>> {
  const { exitTimeout = DEFAULT_EXIT_TIMEOUT } = options;
  checkTransportOptions(options);
  checkTimeout("exitTimeout", exitTimeout);
  const carrier = new ProcessCarrier(spawn(program, options), exitTimeout);
  const connected = await connectCarrier(protocolFactory, carrier, options);
  return { ...connected, exited: carrier.exited };
}

function spawn(program: string | URL, options: ProcessOptions): Deno.ChildProcess {
  const { args = [], cwd, env, clearEnv = false, stderr = "inherit" } = options;
  try {
    return new Deno.Command(program, {
      args: [...args],
      clearEnv,
      ...(cwd !== undefined && { cwd }),
      ...(env !== undefined && { env }),
      stdin: "piped",
      stdout: "piped",
      stderr,
    }).spawn();
  } catch (error) {
    throw describeOsError(error, `Cannot run ${program}`);
  }
}
