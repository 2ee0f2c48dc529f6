import { setImmediate as turn } from "node:timers/promises";
import { openConnection, startServer, type StreamConnection } from "@sluice/net";
import { denoNetwork } from "../../../transports/networks/deno_network.ts";
import { networkOf } from "../../../transports/networks/with_network.ts";

/** Enough turns of the event loop for everything that is already under way. */
const ROUNDS = 5;

/** One end of the connection that the exchanges go over. */
interface FenceEnd {
  read(target: Uint8Array): Promise<unknown>;
  write(bytes: Uint8Array): Promise<unknown>;
  close(): void;
}

interface FenceConnection {
  readonly here: FenceEnd;
  readonly there: FenceEnd;
  close(): void;
}

/** Exchanges on connections of their own: what is ready by now has been handled after them. */
export class Fence {
  #connections: readonly FenceConnection[] | null = null;

  /** Resolves when everything that was under way has had its turns. */
  async passBy(): Promise<void> {
    this.#connections ??= await open();
    for (const { here, there } of this.#connections) {
      for (let round = 0; round < ROUNDS; round++) {
        await exchange(here, there);
        await exchange(there, here);
        await turn();
      }
    }
  }

  /** Closes the connections. */
  close(): void {
    for (const { here, there, close } of this.#connections ?? []) {
      here.close();
      there.close();
      close();
    }
    this.#connections = null;
  }
}

/**
 * Sends a byte to a reader that waits for it already: what the kernel has ready would be read
 * without a look at any other socket.
 */
async function exchange(from: FenceEnd, to: FenceEnd): Promise<void> {
  const arrival = to.read(new Uint8Array(1));
  await from.write(new Uint8Array(1));
  await arrival;
}

/** Another network than Deno's serves its sockets in turns of its own: it has an exchange too. */
async function open(): Promise<FenceConnection[]> {
  const denos = await openDenos();
  return networkOf({}) === denoNetwork ? [denos] : [denos, await openOther()];
}

async function openDenos(): Promise<FenceConnection> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const [here, there] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port }),
    listener.accept(),
  ]);
  return { here, there, close: () => listener.close() };
}

async function openOther(): Promise<FenceConnection> {
  const server = await startServer(null, { port: 0 });
  const [here, there] = await Promise.all([
    openConnection({ port: server.port }),
    server.accept(),
  ]);
  return { here: endOf(here), there: endOf(there), close: () => server.close() };
}

function endOf({ reader, writer, transport }: StreamConnection): FenceEnd {
  return {
    read: (target) => reader.readexactly(target.length),
    write(bytes): Promise<void> {
      writer.write(bytes);
      return writer.flush();
    },
    close: () => transport.abort(),
  };
}
