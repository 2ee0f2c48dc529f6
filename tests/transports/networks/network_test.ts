import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { NameResolutionError } from "../../../protocols/errors.ts";
import { startServer } from "../../../streams/servers/start_server.ts";
import { openConnection } from "../../../streams/open_connection.ts";
import { createConnection } from "../../../transports/create_connection.ts";
import { createServer } from "../../../transports/create_server.ts";
import { denoNetwork } from "../../../transports/networks/deno_network.ts";
import type { Network } from "../../../transports/networks/network.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";
import { networkOf, withNetwork } from "../../../transports/networks/with_network.ts";
import { localhost, trusting } from "../../support/certificates/certificates.ts";

/** Deno's network, without TLS of its own, that writes down what it is asked for. */
function recording(name: string, calls: string[]): Network {
  return {
    name,
    connect: (place, options) => {
      calls.push(`${name} connect`);
      return denoNetwork.connect(place, options);
    },
    listen: (place, options) => {
      calls.push(`${name} listen`);
      return denoNetwork.listen(place, options);
    },
  };
}

Deno.test("withNetwork() holds for what is started inside, nested, and for no longer", async () => {
  const outer = recording("outer", []);
  const inner = recording("inner", []);
  const seen: Network[] = [];
  await withNetwork(outer, async () => {
    await Promise.resolve();
    seen.push(networkOf({}));
    await withNetwork(inner, async () => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(networkOf({}));
    });
    seen.push(networkOf({}));
  });
  seen.push(networkOf({}));
  assertEquals(seen.map(({ name }) => name), ["outer", "inner", "outer", "denoNetwork"]);
});

Deno.test("The option network goes before withNetwork()", () => {
  const [one, two] = [recording("one", []), recording("two", [])];
  assertStrictEquals(withNetwork(one, () => networkOf({ network: two })), two);
});

Deno.test("createServer(), createConnection() and streams go through the network in force", async () => {
  const calls: string[] = [];
  await withNetwork(recording("recording", calls), async () => {
    await using server = await createServer(() => ({}), { port: 0 });
    const { transport } = await createConnection(() => ({}), { port: server.port });
    transport.close();
    await transport.closed;
    await using streams = await startServer(() => {}, { port: 0 });
    await using client = await openConnection({ port: streams.port });
    await client.reader.read();
    server.closeClients();
  });
  const one = ["recording listen", "recording connect"];
  assertEquals(calls, [...one, ...one]);
});

Deno.test("A network without TLS of its own gets TLS as a layer", async () => {
  const network = recording("plain", []);

  await using server = await createServer(() => ({}), { port: 0, network, tls: localhost });
  const { transport } = await createConnection(() => ({}), {
    hostname: "localhost",
    port: server.port,
    network,
    tls: trusting,
  });
  assertEquals(transport.getExtraInfo("tlsEngine"), "layer");
  transport.close();
  await transport.closed;
  server.closeClients();
});

Deno.test("The native engine on a network that has none is refused before anything is opened", async () => {
  const calls: string[] = [];
  const network = recording("plain", calls);
  await assertRejects(
    () => createConnection(() => ({}), { port: 1, network, tls: { engine: "native" } }),
    TypeError,
    "Cannot use TLS: the network plain has no native engine; denoNetwork has one",
  );
  assertEquals(calls, []);
});

Deno.test("denoNetwork.lookup() gives all addresses of a host and refuses an unknown one", async () => {
  const addresses = await denoNetwork.lookup?.("localhost");
  assertEquals(addresses?.includes("127.0.0.1"), true);
  await assertRejects(
    async () => await denoNetwork.lookup?.("no.such.host.invalid"),
    NameResolutionError,
    "no.such.host.invalid",
  );
});

for (const network of [denoNetwork, nodeNetwork]) {
  Deno.test(`createServer() listens where a server was closed just before, on ${network.name}`, async () => {
    await using first = await createServer(() => ({}), { port: 0, network });
    const { port } = first;
    // Served, so that an accept is under way when the server is closed.
    const { transport } = await createConnection(() => ({}), { port, network });
    first.close();
    await using second = await createServer(() => ({}), { port, network });
    assertEquals(second.port, port);
    second.close();
    await using third = await createServer(() => ({}), { port, network });
    assertEquals(third.port, port);
    transport.abort();
    await transport.closed;
  });
}
