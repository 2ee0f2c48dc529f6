import type { Bytes, SubprocessTransport } from "./contract.ts";

/**
 * A protocol that hears a child process and its pipes: asyncio's `SubprocessProtocol`. The contract only: nothing
 * in this release drives one. `connectProcess` gives an ordinary protocol the stdin and stdout of a process.
 *
 * ```text
 * connectionMade -> (pipeDataReceived | pipeConnectionLost)*, processExited -> connectionLost
 * ```
 *
 * `processExited` may come before the last data of a pipe: a child can leave bytes behind.
 *
 * @example What a subclass looks like
 * ```ts
 * import { SubprocessProtocol } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * class Output extends SubprocessProtocol {
 *   text = "";
 *   override pipeDataReceived(fd: number, data: Uint8Array): void {
 *     if (fd === 1) this.text += new TextDecoder().decode(data);
 *   }
 * }
 *
 * const output = new Output();
 * output.pipeDataReceived(1, new TextEncoder().encode("done"));
 * assertEquals(output.text, "done");
 * ```
 */
export class SubprocessProtocol {
  /** Called once, first, when all pipes are connected. */
  connectionMade(_transport: SubprocessTransport): void {}

  /** Called once, last, when the process has exited and every pipe has ended. */
  connectionLost(_error: Error | null): void {}

  /** The child wrote to pipe `_fd`: 1 is its standard output, 2 its standard error. */
  pipeDataReceived(_fd: number, _data: Bytes): void {}

  /** Pipe `_fd` ended, with the failure that ended it or `null`. */
  pipeConnectionLost(_fd: number, _error: Error | null): void {}

  /** The process has exited. */
  processExited(): void {}
}
