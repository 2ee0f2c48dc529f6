import type { AnyProtocol } from "../../../protocols/contract.ts";
import { type Connected, connectOver } from "../../core/connect_carrier.ts";
import { checkProtocolFactory } from "../../core/callbacks.ts";
import { openInput, openOutput, type ReadablePipe, type WritablePipe } from "./open_pipe.ts";
import { PipeCarrier } from "./pipe_carrier.ts";
import { checkPipeOptions, type PipeOptions } from "./pipe_options.ts";

export type { ReadablePipe };

/**
 * Reads from a pipe by callbacks: asyncio's `connect_read_pipe`.
 *
 * The pipe is a path (of a FIFO, a file, a device), an open `Deno.FsFile`, `Deno.stdin`, or the
 * number of a descriptor that this program was started with. It belongs to the transport from now
 * on. A FIFO is open when another program has opened its other end; the option `signal` ends that
 * wait.
 *
 * At the end of the data comes `eofReceived`, then `connectionLost(null)`: a pipe has no other
 * direction to keep open. `close()` and `abort()` end a read that waits, at once. `write` throws an
 * `InvalidStateError`. The extra info `pipe` is what was given. A path needs `--allow-read`, an
 * inherited descriptor that is a file `--allow-all`.
 *
 * A read that waits for a FIFO cannot be withdrawn from the system: after `close()` it still takes
 * what the writer sends next, up to 64 KiB, and only then the writer learns that the reader is
 * gone.
 *
 * @example Reading a file
 * ```ts
 * import { connectReadPipe } from "@sluice/net/transports";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "from the file");
 * let text = "";
 * const { transport } = await connectReadPipe(
 *   () => ({ dataReceived: (chunk) => text += new TextDecoder().decode(chunk) }),
 *   path,
 * );
 * await transport.closed;
 * assertEquals(text, "from the file");
 * await Deno.remove(path);
 * ```
 *
 * @param protocolFactory Makes the protocol. If it throws, the pipe is closed and this rejects.
 * @param pipe What to read from.
 * @param options Limits, layers, the error handler, and a signal.
 * @returns The transport and the protocol that the factory made.
 * @throws {TypeError} If it is nothing that can be read, or stdin has another reader.
 * @throws {Deno.errors.NotFound} If there is no such file; other failures of the system likewise.
 */
export async function connectReadPipe<P extends AnyProtocol>(
  protocolFactory: () => P,
  pipe: ReadablePipe,
  options: PipeOptions = {},
): Promise<Connected<P>> {
  checkProtocolFactory(protocolFactory);
  checkPipeOptions(options);
  const input = await openInput(pipe, options.signal);
  return await connectOver(protocolFactory, new PipeCarrier({ input }, { pipe }), options);
}

export type { WritablePipe };

/**
 * Writes to a pipe by callbacks: asyncio's `connect_write_pipe`.
 *
 * The pipe is a path (of a FIFO, a file that exists, a device), an open `Deno.FsFile`,
 * `Deno.stdout`, `Deno.stderr`, or the number of a descriptor that this program was started with.
 * It belongs to the transport from now on. A FIFO is open when another program has opened its other
 * end; the option `signal` ends that wait.
 *
 * An empty write buffer means that every byte is with the system: nothing is held back.
 * `writeEof()` is `close()`: it sends what is queued and then closes the pipe, so the reader comes
 * to its end. Our own stdout and stderr stay open until the program ends.
 *
 * A reader that leaves is noticed by the next write, which fails with `Deno.errors.BrokenPipe`;
 * Deno does not tell of it while nothing is written. A write that waits for the reader of a full
 * FIFO cannot be withdrawn: after `abort()` what it has begun stays with the system until the
 * reader takes it or leaves. The extra info `pipe` is what was given. A path needs `--allow-write`,
 * an inherited descriptor that is a file `--allow-all`.
 *
 * @example Writing to a file
 * ```ts
 * import { connectWritePipe } from "@sluice/net/transports";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile();
 * const { transport } = await connectWritePipe(() => ({}), path);
 * transport.write("for the file");
 * transport.close();
 * await transport.closed;
 * assertEquals(await Deno.readTextFile(path), "for the file");
 * await Deno.remove(path);
 * ```
 *
 * @param protocolFactory Makes the protocol. If it throws, the pipe is closed and this rejects.
 * @param pipe What to write to.
 * @param options Limits, layers, the error handler, and a signal.
 * @returns The transport and the protocol that the factory made.
 * @throws {TypeError} If it is nothing that can be written.
 * @throws {Deno.errors.NotFound} If there is no such file; other failures of the system likewise.
 */
export async function connectWritePipe<P extends AnyProtocol>(
  protocolFactory: () => P,
  pipe: WritablePipe,
  options: PipeOptions = {},
): Promise<Connected<P>> {
  checkProtocolFactory(protocolFactory);
  checkPipeOptions(options);
  const output = await openOutput(pipe, options.signal);
  return await connectOver(protocolFactory, new PipeCarrier({ output }, { pipe }), options);
}
