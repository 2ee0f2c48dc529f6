import { assertEquals, assertRejects } from "@std/assert";
import type { Carrier } from "../../../transports/core/carrier.ts";
import type { Endpoint } from "../../../transports/core/addresses.ts";
import { bindAll } from "../../../transports/networks/bind.ts";
import { openConnection } from "../../../streams/open_connection.ts";
import { createDatagramEndpoint } from "../../../transports/create_datagram_endpoint.ts";
import { startServer } from "../../../streams/servers/start_server.ts";
import { denoNetwork } from "../../../transports/networks/deno_network.ts";
import { epollNetwork } from "../../../transports/networks/epoll/epoll_network.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";
import type { Network } from "../../../transports/networks/network.ts";
import type { NetworkListener } from "../../../transports/servers/network_listener.ts";
import "../../support/runs/reactor_rests.ts";

/** A network that knows one host, and counts which of its places are open. */
class FakeNetwork implements Network {
  readonly name = "fake";
  readonly open: string[] = [];
  readonly asked: string[] = [];
  readonly #refuse: (address: string, attempt: number) => Error | undefined;
  #port = 1000;

  constructor(refuse: (address: string, attempt: number) => Error | undefined = () => undefined) {
    this.#refuse = refuse;
  }

  connect(): Promise<Carrier> {
    return Promise.reject(new Error("not asked for"));
  }

  lookup(_hostname: string): Promise<readonly string[]> {
    return Promise.resolve(["10.0.0.1", "10.0.0.2"]);
  }

  // deno-lint-ignore require-await -- a refusal rejects
  async listen({ hostname = "", port = 0 }: Endpoint): Promise<NetworkListener> {
    const bound = port === 0 ? ++this.#port : port;
    const place = `${hostname}:${bound}`;
    this.asked.push(`${hostname}:${port}`);
    const refusal = this.#refuse(place, this.asked.length);
    if (refusal !== undefined) throw refusal;
    this.open.push(place);
    return {
      address: { transport: "tcp", hostname, port: bound },
      accept: () => new Promise(() => {}),
      close: () => void this.open.splice(this.open.indexOf(place), 1),
    };
  }
}

function bind(network: FakeNetwork, ...places: Endpoint[]): Promise<NetworkListener[]> {
  return bindAll(network, places, (place) => network.listen(place));
}

Deno.test("bindAll() listens on all addresses of a name, with one port for all", async () => {
  const network = new FakeNetwork();
  await bind(network, { hostname: "two.test", port: 0 });
  assertEquals(network.open, ["10.0.0.1:1001", "10.0.0.2:1001"]);
});

Deno.test("bindAll() looks nothing up for an IP address or a path", async () => {
  const network = new FakeNetwork();
  await bind(network, { hostname: "::1", port: 7 }, { hostname: "127.0.0.1", port: 8 }, {
    path: "x",
  });
  assertEquals(network.asked, ["::1:7", "127.0.0.1:8", ":0"]);
});

Deno.test("bindAll() tries another port when the one found free is taken on the next address", async () => {
  const network = new FakeNetwork((place) =>
    place === "10.0.0.2:1001" ? new Deno.errors.AddrInUse("taken") : undefined
  );
  await bind(network, { hostname: "two.test", port: 0 });
  assertEquals(network.open, ["10.0.0.1:1002", "10.0.0.2:1002"]);
});

Deno.test("bindAll() chooses one port for all hosts of a list, and listens once on each address", async () => {
  const network = new FakeNetwork((place) =>
    place === "10.0.0.9:1001" ? new Deno.errors.AddrInUse("taken") : undefined
  );
  const hosts = ["two.test", "10.0.0.2", "10.0.0.9", "[::1]", "0:0:0:0:0:0:0:1", "10.0.0.9"];
  await bind(network, ...hosts.map((hostname) => ({ hostname, port: 0 })));
  assertEquals(
    network.open,
    ["10.0.0.1", "10.0.0.2", "10.0.0.9", "::1"].map((ip) => `${ip}:1002`),
  );
});

Deno.test("bindAll() fails for one of several hosts that the machine does not have", async () => {
  const network = new FakeNetwork((place) =>
    place.startsWith("10.0.0.9") ? new Deno.errors.AddrNotAvailable("not here") : undefined
  );
  await assertRejects(
    () => bind(network, { hostname: "two.test", port: 0 }, { hostname: "10.0.0.9", port: 0 }),
    Deno.errors.AddrNotAvailable,
    "Cannot listen on 10.0.0.9:1001: not here",
  );
  assertEquals(network.open, []);
});

Deno.test("bindAll() does not choose another port when one was asked for", async () => {
  const network = new FakeNetwork((place) =>
    place === "10.0.0.2:80" ? new Deno.errors.AddrInUse("taken") : undefined
  );
  await assertRejects(
    () => bind(network, { hostname: "one.test", port: 81 }, { hostname: "two.test", port: 80 }),
    Deno.errors.AddrInUse,
    "Cannot listen on 10.0.0.2:80: taken",
  );
  assertEquals(network.open, []);
});

Deno.test("bindAll() passes over an address of a family that the machine lacks", async () => {
  const switchedOff = new Deno.errors.AddrNotAvailable("no IPv6");
  const unknown = Object.assign(new Error("no IPv6"), { code: "EAFNOSUPPORT" });
  for (const error of [switchedOff, unknown]) {
    const network = new FakeNetwork((place) => place.startsWith("10.0.0.1") ? error : undefined);
    await bind(network, { hostname: "two.test", port: 0 });
    assertEquals(network.open, ["10.0.0.2:1002"]);
  }
});

Deno.test("bindAll() fails when the machine has none of the addresses", async () => {
  const network = new FakeNetwork(() => new Deno.errors.AddrNotAvailable("not here"));
  await assertRejects(
    () => bind(network, { hostname: "two.test", port: 5 }),
    Deno.errors.AddrNotAvailable,
    "Cannot listen on two.test:5: the machine has none of its addresses",
  );
});

Deno.test("bindAll() fails when every free port is taken on another address", async () => {
  const network = new FakeNetwork((place) =>
    place.startsWith("10.0.0.2") ? new Deno.errors.AddrInUse("taken") : undefined
  );
  await assertRejects(
    () => bind(network, { hostname: "two.test", port: 0 }),
    Deno.errors.AddrInUse,
  );
  assertEquals([network.open, network.asked.length], [[], 20]);
});

for (const network of [denoNetwork, nodeNetwork, epollNetwork]) {
  const isHere = network !== epollNetwork || Deno.build.os === "linux";
  Deno.test({
    name: `createServer() says that the machine does not have an address on ${network.name}`,
    ignore: !isHere,
    fn: async () => {
      const options = { hostname: "192.0.2.1", port: 0, network };
      await assertRejects(() => startServer(() => {}, options), Deno.errors.AddrNotAvailable);
    },
  });

  const name = `createServer() on every address of both families is one server on ${network.name}`;
  Deno.test({ name, ignore: !isHere || Deno.build.os === "windows" }, async () => {
    const lists = [["0.0.0.0", "::"], ["::", "0.0.0.0"], ["127.0.0.1", "::1", "::"]];
    for (const hostname of lists) {
      await using server = await startServer(({ writer }) => void writer.write("here"), {
        hostname,
        port: 0,
        network,
      });
      for (const host of ["127.0.0.1", "::1"]) {
        await using client = await openConnection({ hostname: host, port: server.port });
        assertEquals((await client.reader.read()).length, 4);
      }
    }
  });
}

Deno.test("bindAll() binds no address whose connections another of its sockets takes", async () => {
  const network: FakeNetwork = new FakeNetwork((place) =>
    network.open.includes("0.0.0.0:1001") ? new Deno.errors.AddrInUse(place) : undefined
  );
  await bind(network, { hostname: "127.0.0.1", port: 0 }, { hostname: "0.0.0.0", port: 0 });
  assertEquals(network.open, ["0.0.0.0:1001"]);
});

Deno.test("bindAll() fails when an address is taken that none of its sockets serves", async () => {
  const network = new FakeNetwork((place) =>
    place.startsWith("::1") ? new Deno.errors.AddrInUse(place) : undefined
  );
  await assertRejects(
    () => bind(network, { hostname: "0.0.0.0", port: 5 }, { hostname: "[::1]", port: 5 }),
    Deno.errors.AddrInUse,
  );
  assertEquals(network.open, []);
});

Deno.test({
  name: "createServer() with ipv6Only has a socket for each family",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const hostname = ["0.0.0.0", "::"];
    const options = { hostname, port: 0, network: epollNetwork, ipv6Only: true };
    await using server = await startServer(() => {}, options);
    assertEquals(server.addresses.length, 2);
    await assertRejects(
      () => startServer(() => {}, { ...options, port: server.port }),
      Deno.errors.AddrInUse,
    );
  },
});

Deno.test("ipv6Only is refused with an IPv4 address inside of an IPv6 one", async () => {
  for (const hostname of ["::ffff:127.0.0.1", "[::FFFF:7f00:1]"]) {
    for (const hosts of [hostname, ["::1", hostname]]) {
      await assertRejects(
        () => startServer(() => {}, { hostname: hosts, port: 0, ipv6Only: true }),
        TypeError,
        `ipv6Only given with hostname "${hostname}", which is an IPv4 address; give "127.0.0.1"`,
      );
    }
    const localAddr = { hostname, port: 0 };
    await assertRejects(
      () => createDatagramEndpoint(() => ({}), { localAddr, ipv6Only: true }),
      TypeError,
      `Cannot open endpoint: ipv6Only given with hostname "${hostname}"`,
    );
  }
});
