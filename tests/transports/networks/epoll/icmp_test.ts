import { assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { createDatagramEndpoint } from "../../../../transports/create_datagram_endpoint.ts";
import { epollNetwork as network } from "../../../../transports/networks/epoll/epoll_network.ts";

for (const hostname of ["127.0.0.1", "::1"]) {
  Deno.test({
    name: `A connected endpoint learns that no program listens on ${hostname}, and goes on`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      const { transport: gone } = await createDatagramEndpoint(() => ({}), {
        localAddr: { hostname },
        network,
      });
      const { port } = gone;
      gone.close();
      await gone.closed;

      const told: Error[] = [];
      let onTold = Promise.withResolvers<void>();
      const got = Promise.withResolvers<string>();
      const { transport } = await createDatagramEndpoint(() => ({
        errorReceived: (error: Error) => {
          told.push(error);
          onTold.resolve();
        },
        datagramReceived: (data: Uint8Array) => got.resolve(new TextDecoder().decode(data)),
      }), { remoteAddr: { hostname, port }, network });
      for (let i = 0; i < 2; i++) {
        onTold = Promise.withResolvers();
        transport.sendto("nobody there");
        await onTold.promise;
        assertInstanceOf(told[i], Deno.errors.ConnectionRefused);
        assertStringIncludes(`${told[i]?.message}`, `${port}`);
      }

      // Somebody comes: the datagram that follows a refused one at once is not lost.
      onTold = Promise.withResolvers();
      transport.sendto("refused");
      await onTold.promise;
      const { transport: peer } = await createDatagramEndpoint(() => ({
        datagramReceived: (data: Uint8Array, address) => void peer.sendto(data, address),
      }), { localAddr: { hostname, port }, network });
      transport.sendto("hello");
      assertEquals(await got.promise, "hello");
      assertEquals(told.length, 3);
      for (const one of [transport, peer]) {
        one.close();
        await one.closed;
      }
    },
  });
}

Deno.test({
  name: "An endpoint that is connected to no peer hears of no refusal",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const errors: Error[] = [];
    const back = Promise.withResolvers<void>();
    const { transport } = await createDatagramEndpoint(() => ({
      errorReceived: (error: Error) => void errors.push(error),
      datagramReceived: () => back.resolve(),
    }), { localAddr: {}, network });
    using free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    transport.sendto("x", { hostname: "127.0.0.1", port: free.addr.port });
    transport.sendto("to itself", { hostname: "127.0.0.1", port: transport.port });
    await back.promise;
    assertEquals(errors, []);
    transport.close();
    await transport.closed;
  },
});
