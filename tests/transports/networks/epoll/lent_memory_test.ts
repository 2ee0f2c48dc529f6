import { assertEquals } from "@std/assert";
import type { Bytes } from "../../../../protocols/bytes.ts";
import type { Transport } from "../../../../protocols/contract.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { epollNetwork as network } from "../../../../transports/networks/epoll/epoll_network.ts";
import "../../../support/runs/reactor_rests.ts";

Deno.test({
  name: "What is lent for longer than a callback is not read into for another connection",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const work = Promise.withResolvers<void>();
    const all = Promise.withResolvers<void>();
    const lent: { chunk: Bytes; value: number | undefined }[] = [];
    await using server = await createServer(() => ({
      borrowsChunks: true,
      dataReceived(chunk): Promise<void> {
        lent.push({ chunk, value: chunk[0] });
        if (lent.length === 3) all.resolve();
        return work.promise;
      },
    }), { port: 0, network });
    const clients: Transport[] = [];
    for (const value of [1, 2, 3]) {
      const { transport } = await createConnection(() => ({}), { port: server.port, network });
      clients.push(transport);
      transport.write(new Uint8Array(60_000).fill(value));
    }
    await all.promise;
    assertEquals(lent.map(({ value }) => value).toSorted(), [1, 2, 3]);
    assertEquals(lent.every(({ chunk, value }) => chunk.every((byte) => byte === value)), true);
    work.resolve();
    await server.shutdown({ grace: 0 });
    for (const client of clients) {
      client.abort();
      await client.closed;
    }
    assertEquals(lent.map(({ chunk }) => chunk.length), [0, 0, 0]);
  },
});
