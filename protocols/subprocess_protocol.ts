import type { Bytes } from "./bytes.ts";
import { BaseProtocol } from "./base_protocol.ts";
import type { SubprocessProtocolCallbacks, SubprocessTransport } from "./subprocess_contract.ts";

/**
 * A protocol that hears a child process and its pipes: asyncio's `SubprocessProtocol`.
 * `subprocessExec` and `subprocessShell` drive one; a plain object with some of the methods will do
 * as well.
 *
 * ```text
 * connectionMade -> (pipeDataReceived(fd)* -> pipeConnectionLost(fd)) for each pipe -> connectionLost
 *                   processExited, somewhere in between
 * ```
 *
 * `connectionMade` is called when all pipes are connected, `connectionLost` when the process has
 * exited and every pipe has ended.
 *
 * `processExited` may come before the last data of a pipe: a child can leave bytes in its pipes.
 *
 * @example Collecting the output
 * ```ts
 * import { subprocessExec, SubprocessProtocol } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * class Output extends SubprocessProtocol {
 *   text = "";
 *   override pipeDataReceived(fd: number, data: Uint8Array): void {
 *     if (fd === 1) this.text += new TextDecoder().decode(data);
 *   }
 * }
 *
 * const { transport, protocol } = await subprocessExec(() => new Output(), Deno.execPath(), {
 *   args: ["eval", "console.log('done')"],
 * });
 * await transport.closed;
 * assertEquals(protocol.text, "done\n");
 * assertEquals(transport.returncode, 0);
 * ```
 */
export class SubprocessProtocol extends BaseProtocol<SubprocessTransport>
  implements SubprocessProtocolCallbacks {
  /**
   * The child wrote to pipe `_fd`: 1 is its standard output, 2 its standard error. Nothing more is
   * read from that pipe until a returned promise settles.
   */
  pipeDataReceived(_fd: number, _data: Bytes): unknown {
    return undefined;
  }

  /** Pipe `_fd` ended, with the failure that ended it or `null`. */
  pipeConnectionLost(_fd: number, _error: Error | null): void {}

  /** The process has exited. */
  processExited(): void {}

  /** The write buffer of pipe `_fd` rose above its high mark: stop writing to it. */
  override pauseWriting(_fd?: number): void {}

  /** The write buffer of pipe `_fd` fell to its low mark: go on writing to it. */
  override resumeWriting(_fd?: number): void {}
}
