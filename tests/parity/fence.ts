import { setImmediate as turn } from "node:timers/promises";

/** Enough turns of the event loop for everything that is already under way. */
const ROUNDS = 5;

/** Exchanges on a connection of their own: what is ready by now has been handled after them. */
export class Fence {
  #ends: { listener: Deno.Listener; here: Deno.Conn; there: Deno.Conn } | null = null;

  /** Resolves when everything that was under way has had its turns. */
  async passBy(): Promise<void> {
    const { here, there } = this.#ends ??= await open();
    for (let round = 0; round < ROUNDS; round++) {
      await exchange(here, there);
      await exchange(there, here);
      await turn();
    }
  }

  /** Closes the connection. */
  close(): void {
    this.#ends?.here.close();
    this.#ends?.there.close();
    this.#ends?.listener.close();
    this.#ends = null;
  }
}

/**
 * Sends a byte to somebody who waits for it already: what the kernel has ready would be read
 * without a look at any other socket.
 */
async function exchange(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const arrival = to.read(new Uint8Array(1));
  await from.write(new Uint8Array(1));
  await arrival;
}

async function open(): Promise<{ listener: Deno.Listener; here: Deno.Conn; there: Deno.Conn }> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const [here, there] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port }),
    listener.accept(),
  ]);
  return { listener, here, there };
}
