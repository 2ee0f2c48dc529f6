import type { AnyProtocol } from "../../protocols/contract.ts";
import type { ProcessExit } from "../../protocols/facts/extra_info.ts";
import { checkOptions, duration, oneOf, type OptionTable } from "../../protocols/option_checks.ts";
import { type Connected, connectOver } from "../core/connect_carrier.ts";
import { checkProtocolFactory } from "../core/callbacks.ts";
import { TRANSPORT_CHECKS, type TransportOptions } from "../core/transport_options.ts";
import { checkProgram, COMMAND_CHECKS, type CommandOptions } from "./command_options.ts";
import { endWithUs } from "./child/end_with_us.ts";
import { ProcessCarrier } from "./child/process_carrier.ts";
import { startChild } from "./child/start_child.ts";

/** Options for a process that is connected to: how it is started and ended. */
export interface ProcessOptions extends CommandOptions, TransportOptions {
  /**
   * Where its stderr goes: to our own stderr, or nowhere.
   *
   * @default {"inherit"}
   */
  readonly stderr?: "inherit" | "null";
  /**
   * How many milliseconds a process gets to end by itself once the connection is closing. Then it
   * is sent SIGTERM, and after as long again SIGKILL.
   *
   * @default {5000}
   */
  readonly exitTimeout?: number;
}

const CHECKS: OptionTable<ProcessOptions> = {
  ...COMMAND_CHECKS,
  stderr: oneOf("inherit", "null"),
  exitTimeout: duration(),
  ...TRANSPORT_CHECKS,
};

/** A connection over a process. */
export interface ConnectedProcess<P extends AnyProtocol> extends Connected<P> {
  /** Resolves to how the process ended, once it has. Never rejects. */
  readonly exited: Promise<ProcessExit>;
}

/**
 * Starts a process and makes a connection of its stdin and stdout.
 *
 * `writeEof()` ends its stdin. Its stdout's end is the end of the peer's data. `close()` ends its
 * stdin, reads no more, and waits for the process: `connectionLost` comes when it has ended, and
 * the extra info `exitStatus` says how. `abort()` kills it. A code other than 0 is no error of the
 * connection. A process that reads no more of its stdin can go on writing: what it writes still
 * comes, and its exit code.
 *
 * The extra info `pid` is its number, `socket` the `Deno.ChildProcess`. Needs `--allow-run` for the
 * program.
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
 * transport.write("is there a reader?");
 * transport.writeEof();
 * await transport.closed;
 * assertEquals(answer, "IS THERE A READER?\n");
 * assertEquals((await exited).code, 0);
 * ```
 *
 * @param protocolFactory Makes the protocol. If it throws, the process is killed and this rejects.
 * @param program What to run.
 * @param options How, and limits, layers and the error handler.
 * @returns The transport, the protocol that the factory made, and how the process ends.
 * @throws {Deno.errors.NotFound} If there is no such program; other failures of the system
 * likewise.
 * @throws {TypeError} If an option is of the wrong kind, or an argument holds a NUL.
 * @throws {RangeError} If a limit is out of range.
 */
export async function connectProcess<P extends AnyProtocol>(
  protocolFactory: () => P,
  program: string | URL,
  options: ProcessOptions = {},
): Promise<ConnectedProcess<P>> {
  checkProtocolFactory(protocolFactory);
  checkProgram(program);
  checkOptions("connect to process", options, CHECKS);
  const { stderr = "inherit", exitTimeout = 5000, endWithParent = true } = options;
  const child = await startChild(program, ["piped", "piped", stderr], options);
  if (endWithParent) endWithUs(child.exited, (signal) => child.kill(signal));
  const carrier = new ProcessCarrier(child, exitTimeout);
  const connected = await connectOver(protocolFactory, carrier, options);
  return { ...connected, exited: carrier.exited };
}
