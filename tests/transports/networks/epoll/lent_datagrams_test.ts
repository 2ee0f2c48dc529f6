import { assertEquals } from "@std/assert";
import { createDatagramEndpoint } from "../../../../transports/create_datagram_endpoint.ts";
import { epollNetwork as network } from "../../../../transports/networks/epoll/epoll_network.ts";
import "../../../support/runs/reactor_rests.ts";

const COUNT = 50;

for (const isAsync of [false, true]) {
  const how = isAsync ? "after a while" : "at once";
  Deno.test({
    name: `A borrower that returns ${how} and transfers the memory away misses no datagram`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      const seen: number[] = [];
      const done = Promise.withResolvers<void>();
      const take = (data: Uint8Array<ArrayBuffer>) => {
        seen.push(data[0] ?? -1);
        data.buffer.transfer();
        if (seen.length === COUNT) done.resolve();
      };
      const protocol = {
        borrowsChunks: true,
        datagramReceived: isAsync
          ? (data: Uint8Array<ArrayBuffer>) => Promise.resolve(take(data))
          : take,
        errorReceived: done.reject,
      };
      const { transport: receiver } = await createDatagramEndpoint(() => protocol, {
        localAddr: {},
        network,
      });
      const { transport: sender } = await createDatagramEndpoint(() => ({}), {
        remoteAddr: { hostname: "127.0.0.1", port: receiver.port },
        network,
      });
      for (let i = 0; i < COUNT; i++) sender.sendto(Uint8Array.of(i));
      await done.promise;
      assertEquals(seen, Array.from({ length: COUNT }, (_, i) => i));
      for (const transport of [sender, receiver]) {
        transport.close();
        await transport.closed;
      }
    },
  });
}
