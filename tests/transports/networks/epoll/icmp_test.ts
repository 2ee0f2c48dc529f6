import { assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { createDatagramEndpoint } from "../../../../transports/create_datagram_endpoint.ts";
import { bindDatagrams } from "../../../../transports/networks/epoll/datagrams/bind_datagrams.ts";
import { epollNetwork as network } from "../../../../transports/networks/epoll/epoll_network.ts";
import { loadLibc } from "../../../../transports/networks/epoll/libc/load_libc.ts";
import { freePort } from "../../../support/places/free_port.ts";
import "../../../support/runs/reactor_rests.ts";

for (const hostname of ["127.0.0.1", "::1"]) {
  Deno.test({
    name: `A connected endpoint learns that no program listens on ${hostname}, and goes on`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      const port = freePort();
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

      // A receiver comes: the datagram that follows a refused one at once is not lost.
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
  name: "An endpoint that is not connected learns of no refusal",
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

Deno.test({
  name: "Datagrams that leave together while one was refused call the protocol back later only",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    using free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const destination = { transport: "udp", hostname: "127.0.0.1", port: free.addr.port } as const;
    const carrier = bindDatagrams(loadLibc(), { hostname: "127.0.0.1" }, {}, destination);
    const events: string[] = [];
    const told = Promise.withResolvers<void>();
    carrier.start({
      receive: () => "copied",
      fail: () => {
        events.push("refused");
        told.resolve();
      },
      lose: () => {},
    });
    carrier.send(Uint8Array.of(1), destination, () => {});
    const two = [2, 3].map((value) => ({ data: Uint8Array.of(value), destination }));
    events.push("begin");
    const outcomes = carrier.trySendMany?.(two) ?? [];
    events.push("end");
    // None of them is said to be refused: the first one was.
    assertEquals(outcomes.filter((error) => error !== null), []);
    await told.promise;
    assertEquals(events.slice(0, 3), ["begin", "end", "refused"]);
    carrier.close();
  },
});
