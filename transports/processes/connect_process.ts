import type { AnyProtocol } from "../../protocols/contract.ts";
import type { ConnectedProcess, ProcessOptions } from "./process_options.ts";

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
 *   () => ({ dataReceived: (chunk) => answer += new TextDecoder().decode(chunk) }),
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
  // Only a program that starts a process loads what runs one.
  const { connectChild } = await import("./child/connect_child.ts");
  return await connectChild(protocolFactory, program, options);
}
