import { assertEquals, assertInstanceOf } from "@std/assert";
import { ConnectionLostError } from "../../../../protocols/errors.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { denoNetwork } from "../../../../transports/networks/deno_network.ts";
import { nodeNetwork } from "../../../../transports/networks/node_network.ts";
import { Layer } from "../../../../transports/stack/layer.ts";
import { localhost } from "../../../support/certificates/certificates.ts";

for (const [name, network] of Object.entries({ denoNetwork, nodeNetwork })) {
  Deno.test(`Server.shutdown() has a handshake under way reported with the client's address: ${name}`, async () => {
    const accepted = Promise.withResolvers<void>();
    const reported = Promise.withResolvers<Error>();
    const server = await createServer(() => ({}), {
      port: 0,
      network,
      tls: localhost,
      layers: [(upper) => {
        accepted.resolve();
        return new Layer(upper);
      }],
      onError: (error) => reported.resolve(error),
    });
    using client = await Deno.connect({ port: server.port });
    await accepted.promise;
    await server.shutdown({ grace: 0 });
    const error = await reported.promise;
    assertInstanceOf(error, ConnectionLostError);
    const { hostname, port } = client.localAddr;
    assertEquals(error.message, `Connection with ${hostname}:${port} lost before it was ready`);
  });
}
