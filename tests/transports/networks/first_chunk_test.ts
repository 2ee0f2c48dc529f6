import { assertEquals } from "@std/assert";
import { createServer } from "../../../transports/create_server.ts";
import { denoNetwork } from "../../../transports/networks/deno_network.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";

/** The data of one segment on the loopback interface of Linux: 64 KiB with its headers. */
const SEGMENT = 65_483;
const isLinux = Deno.build.os === "linux";

for (
  const { network, sizes } of [
    { network: denoNetwork, sizes: [1, 512, 513, 4096] },
    { network: nodeNetwork, sizes: isLinux ? [1, 513, 4096, 16_384, SEGMENT] : [1, 513, 4096] },
  ]
) {
  for (const borrowsChunks of [false, true]) {
    const how = borrowsChunks ? "lent" : "given";
    Deno.test(`A first message of ${sizes.at(-1)} bytes is one ${how} chunk on ${network.name}`, async () => {
      for (const size of sizes) {
        const first = Promise.withResolvers<number>();
        await using server = await createServer(
          () => ({ borrowsChunks, dataReceived: (chunk) => first.resolve(chunk.length) }),
          { port: 0, network },
        );
        using conn = await Deno.connect({ port: server.port });
        assertEquals(await conn.write(new Uint8Array(size)), size);
        assertEquals(await first.promise, size);
      }
    });
  }
}
