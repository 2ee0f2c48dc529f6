/**
 * Passes everything between its stdin and stdout, by way of `connectStdio`, and a TCP port, which
 * is its argument.
 *
 * The end of stdin ends that direction alone. The end of what comes from the port ends the program,
 * for stdout has no
 * other end. When one side fails the program ends at once, without a word to either.
 *
 * @module
 */
import type { Bytes } from "../../../protocols/bytes.ts";
import { connectStdio } from "../../../transports/carriers/pipes/connect_stdio.ts";

/** Copies stdin to `conn`, no faster than that takes it. */
class Relay {
  readonly #conn: Deno.TcpConn;
  #room: PromiseWithResolvers<void> | null = null;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Resolves when stdout takes more. */
  get room(): Promise<void> | undefined {
    return this.#room?.promise;
  }

  async dataReceived(chunk: Bytes): Promise<void> {
    for (let sent = 0; sent < chunk.length;) sent += await this.#conn.write(chunk.subarray(sent));
  }

  eofReceived(): boolean {
    this.#conn.closeWrite().catch(giveUp);
    return true;
  }

  pauseWriting(): void {
    this.#room = Promise.withResolvers();
  }

  resumeWriting(): void {
    this.#room?.resolve();
    this.#room = null;
  }

  connectionLost(error: Error | null): void {
    if (error !== null) giveUp();
  }
}

function giveUp(): never {
  Deno.exit(1);
}

const conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(Deno.args[0]) });
try {
  const relay = new Relay(conn);
  const { transport } = await connectStdio(() => relay, { onError: giveUp });
  for await (const chunk of conn.readable) {
    transport.write(chunk);
    await relay.room;
  }
  transport.close();
} catch {
  giveUp();
}
