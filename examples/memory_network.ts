/**
 * A network of your own: servers and clients, which are not changed, meet in memory.
 *
 * `withNetwork` puts it in force, so `startServer` and `openConnection` need no option and no
 * permission. The program ends by itself.
 *
 *     deno run examples/memory_network.ts
 *     deno task example memory_network
 *
 * It needs no permission.
 *
 * @module
 */
import { type Bytes, type Network, openConnection, startServer, withNetwork } from "@sluice/net";
import type { Carrier, NetworkListener } from "@sluice/net/transports";
import { readFlags } from "./_flags.ts";
import { runProgram } from "./_program.ts";

/** Makes a network whose ports exist in this object only. */
export function memoryNetwork(): Network {
  const servers = new Map<number, ReadableStreamDefaultController<Carrier>>();
  return {
    name: "memoryNetwork",
    connect({ port = 0 }): Promise<Carrier> {
      const server = servers.get(port);
      if (server === undefined) {
        return Promise.reject(new Deno.errors.ConnectionRefused(`no server on port ${port}`));
      }
      const [there, back] = [
        new TransformStream<Bytes, Bytes>(),
        new TransformStream<Bytes, Bytes>(),
      ];
      server.enqueue(carrierOver(there.readable, back.writable));
      return Promise.resolve(carrierOver(back.readable, there.writable));
    },
    listen({ port: wanted = 0 }): Promise<NetworkListener> {
      const port = wanted === 0 ? 49_152 + servers.size : wanted;
      if (servers.has(port)) {
        return Promise.reject(new Deno.errors.AddrInUse(`port ${port} is in use`));
      }
      const arrivals = new ReadableStream<Carrier>({
        start: (queue) => void servers.set(port, queue),
      });
      const reader = arrivals.getReader();
      return Promise.resolve({
        address: { transport: "tcp", hostname: "memory", port } as const,
        close: () => void (servers.delete(port) && reader.cancel()),
        async accept(): Promise<Carrier> {
          const { value } = await reader.read();
          if (value !== undefined) return value;
          throw new Deno.errors.BadResource("the listener was closed");
        },
      });
    },
  };
}

/**
 * One end of a connection: the stream that arrives here, and the one that goes to the other end.
 */
function carrierOver(readable: ReadableStream<Bytes>, writable: WritableStream<Bytes>): Carrier {
  const [reader, writer] = [readable.getReader(), writable.getWriter()];
  return {
    source: { next: () => reader.read() as Promise<IteratorResult<Bytes, undefined>> },
    async write(bytes): Promise<number> {
      // The other end may keep what it gets, and these bytes are reused after the write.
      await writer.write(new Uint8Array(bytes));
      return bytes.length;
    },
    closeWrite: () => writer.close(),
    close: ({ endedBy, error }) => {
      const isOrderly = endedBy !== "abort" && error === null;
      (isOrderly ? writer.close() : writer.abort(new Deno.errors.ConnectionReset("reset"))).catch(
        () => {},
      );
      reader.cancel().catch(() => {});
    },
    getExtraInfo: () => undefined,
  };
}

async function main(): Promise<void> {
  readFlags({});
  await withNetwork(memoryNetwork(), async () => {
    await using server = await startServer(async ({ reader, writer }) => {
      for await (const line of reader.lines()) writer.write(`${line.toUpperCase()}\n`);
    }, { port: 7 });
    await using client = await openConnection({ port: server.port });
    client.writer.write("hello, network\n");
    client.writer.writeEof();
    for await (const line of client.reader.lines()) console.log(line);
  });
}

if (import.meta.main) await runProgram(main);
