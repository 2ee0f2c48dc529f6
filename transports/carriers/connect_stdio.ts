import type { AnyProtocol, Bytes } from "../../protocols/contract.ts";
import type { ByteSource, Carrier } from "../core/carrier.ts";
import { connectCarrier, type Connected } from "../core/connect_carrier.ts";
import { checkTransportOptions, type TransportOptions } from "../core/transport_options.ts";

/**
 * Makes a connection of this program's own stdin and stdout: for a program that is run by another one, by `ssh` or
 * by an editor.
 *
 * Deno cannot end stdout before the program ends. So there is no half-close (`canWriteEof()` is `false`), whoever reads
 * it sees the end when the program has ended, and `console.log` still prints after `close()`. What was begun to be read of stdin
 * is lost when the connection ends. Needs no permission.
 *
 * @example Shouting back
 * ```ts ignore
 * import { connectStdio, type Transport } from "@sluice/net";
 *
 * let transport: Transport;
 * await connectStdio(() => ({
 *   connectionMade: (made) => void (transport = made),
 *   dataReceived: (chunk) => void transport.write(new TextDecoder().decode(chunk).toUpperCase()),
 * }));
 * ```
 *
 * @param protocolFactory Makes the protocol. If it throws, stdin is given up and this rejects.
 * @param options Limits, layers and the error handler.
 * @returns The transport and the protocol that the factory made.
 * @throws {TypeError} If somebody else reads stdin.
 * @throws {RangeError} If a limit is out of range.
 */
export async function connectStdio<P extends AnyProtocol>(
  protocolFactory: () => P,
  options: TransportOptions = {},
): Promise<Connected<P>> {
  checkTransportOptions(options);
  return await connectCarrier(protocolFactory, new StdioCarrier(), options);
}

/** Our own stdin and stdout as a {@linkcode Carrier}. */
class StdioCarrier implements Carrier {
  readonly source: ByteSource;
  // A read of the stream can be given up, one of Deno.stdin itself cannot.
  readonly #stdin: ReadableStreamDefaultReader<Bytes> = Deno.stdin.readable.getReader();

  constructor() {
    this.source = { next: () => this.#next() };
  }

  write(bytes: Uint8Array): Promise<number> {
    return Deno.stdout.write(bytes);
  }

  close(): void {
    this.#stdin.cancel().catch(() => {});
  }

  getExtraInfo(): undefined {
    return undefined;
  }

  async #next(): Promise<IteratorResult<Bytes, void>> {
    const { done, value } = await this.#stdin.read();
    return done ? { done, value: undefined } : { done, value };
  }
}
