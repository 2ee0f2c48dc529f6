import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import {
  createDatagramEndpoint,
  type DatagramTransport,
  denoNetwork,
  NameResolutionError,
  nodeNetwork,
} from "@sluice/net";
import type { DatagramCarrier, DatagramEndpoint, Network } from "@sluice/net/transports";
import type { DatagramEndpointOptions } from "../../../transports/datagram_endpoint_options.ts";
import { DatagramLog } from "../../support/doubles/datagram_log.ts";
import { settle, turn } from "../../support/time/event_loop.ts";

const HERE = { localAddr: { port: 0 } };

async function open(
  options: DatagramEndpointOptions,
): Promise<{ readonly log: DatagramLog; readonly transport: DatagramTransport }> {
  const { transport, protocol } = await make(options);
  return { transport, log: protocol };
}

function make(options: DatagramEndpointOptions): Promise<DatagramEndpoint<DatagramLog>> {
  return createDatagramEndpoint(() => new DatagramLog(), options);
}

const REFUSED: readonly [unknown, RegExp][] = [
  [undefined, /undefined is not an object/],
  ["127.0.0.1", /is not an object/],
  [{}, /neither localAddr nor remoteAddr is given/],
  [{ hostname: "127.0.0.1", port: 9 }, /no option "hostname"/],
  [{ local_addr: { port: 0 } }, /did you mean "localAddr"/],
  [{ localAddr: ["127.0.0.1", 0] }, /localAddr a list/],
  [{ localAddr: { port: "0" } }, /localAddr\.port "0" is not a number/],
  [{ localAddr: { port: 65_536 } }, /localAddr\.port 65536 .* 0 to 65535/],
  [{ localAddr: { port: -1 } }, /localAddr\.port -1/],
  [{ localAddr: { hostname: "" } }, /localAddr\.hostname "" is empty/],
  [{ remoteAddr: { hostname: "127.0.0.1" } }, /remoteAddr an object needs a port or a path/],
  [{ remoteAddr: { port: 0 } }, /remoteAddr\.port 0 .* 1 to 65535/],
  [{ localAddr: { path: "/x", port: 1 } }, /not both/],
  [{ localAddr: { port: 0 }, remoteAddr: { path: "/x" } }, /one of localAddr and remoteAddr/],
  [{ localAddr: { hostname: "::1" }, remoteAddr: { hostname: "127.0.0.1", port: 9 } }, /IPv4/],
  [{ localAddr: { hostname: "::1" }, family: 4 }, /IPv6 address, the endpoint is IPv4/],
  [{ family: 5 }, /family 5 is not one of 4, 6/],
  [{ ...HERE, reusePort: true }, /denoNetwork does not honour reusePort true .* epollNetwork/],
  [{ ...HERE, reusePort: 1 }, /neither true nor false/],
  [{ ...HERE, fd: 3 }, /fd 3 given together with localAddr/],
  [{ fd: 3 }, /denoNetwork does not honour fd 3 for datagrams; give network: epollNetwork/],
  [{ ...HERE, allowBroadcast: "yes" }, /allowBroadcast "yes" is neither true nor false/],
  [{ ...HERE, maxDatagramSize: 0 }, /maxDatagramSize 0/],
  [{ ...HERE, maxDatagramSize: 1.5 }, /maxDatagramSize 1\.5/],
  [{ ...HERE, ttl: 0 }, /ttl 0 is not a whole number from 1 to 255/],
  [{ ...HERE, multicast: { ttl: 256 } }, /multicast\.ttl 256/],
  [{ ...HERE, multicast: true }, /multicast true is not an object/],
  [{ ...HERE, sendPolicy: "drop" }, /sendPolicy "drop" is not one of/],
  [{ ...HERE, receivePolicy: "wait" }, /receivePolicy "wait" is not one of/],
  [{ ...HERE, maxReadBuffer: -1 }, /maxReadBuffer -1/],
  [{ ...HERE, maxWriteBuffer: NaN }, /maxWriteBuffer NaN/],
  [{ ...HERE, writeBufferLimits: { high: 1, low: 2 } }, /high \(1\) must be >= low \(2\)/],
  [{ ...HERE, closeTimeout: -1 }, /closeTimeout -1/],
  [{ ...HERE, onError: {} }, /onError an object is not a function/],
  [{ ...HERE, signal: {} }, /signal an object is not an AbortSignal/],
  [{ ...HERE, network: {} }, /network an object is not a Network/],
  [{ localAddr: { path: "/nowhere/x" } }, /need deno run --unstable-net/],
  [{ localAddr: { path: "/nowhere/x" }, network: nodeNetwork }, /denoNetwork has them/],
];

for (const [options, message] of REFUSED) {
  Deno.test(`createDatagramEndpoint() refuses ${Deno.inspect(options, { depth: 3 })}`, async () => {
    const opening = createDatagramEndpoint(() => ({}), options as DatagramEndpointOptions);
    const error = await assertRejects(() => opening, Error);
    assert(error instanceof TypeError || error instanceof RangeError, error.name);
    assertMatch(error.message, message);
  });
}

Deno.test("createDatagramEndpoint() refuses an invalid factory, and closes what it opened", async () => {
  class Protocol {}
  for (
    const factory of [undefined, new Protocol(), Protocol, () => 5, () => null, async () => {}]
  ) {
    await assertRejects(() => createDatagramEndpoint(factory as never, HERE), TypeError);
  }
  const failure = new Error("Thrown by the test");
  const thrown = await assertRejects(() =>
    createDatagramEndpoint(() => {
      throw failure;
    }, HERE)
  );
  assertEquals(thrown, failure);
});

Deno.test("createDatagramEndpoint() rejects with AddrInUse that names the address", async () => {
  const { transport } = await make(HERE);
  const error = await assertRejects(
    () => make({ localAddr: { port: transport.port } }),
    Deno.errors.AddrInUse,
  );
  assertMatch(error.message, new RegExp(`^Cannot bind 127\\.0\\.0\\.1:${transport.port}: `));
  await assertRejects(
    () => make({ localAddr: { hostname: "192.0.2.1", port: 0 } }),
    Deno.errors.AddrNotAvailable,
    "Cannot bind 192.0.2.1:0",
  );
  transport.close();
  await transport.closed;
});

Deno.test("createDatagramEndpoint() rejects with the signal's reason, and opens nothing", async () => {
  const reason = new Error("Never mind");
  const early = await assertRejects(() => make({ ...HERE, signal: AbortSignal.abort(reason) }));
  assertEquals(early, reason);
  const controller = new AbortController();
  const network = { ...denoNetwork, lookup: () => new Promise<string[]>(() => {}) };
  const opening = make({
    localAddr: { hostname: "slow.test" },
    network,
    signal: controller.signal,
  });
  controller.abort(reason);
  assertEquals(await assertRejects(() => opening), reason);
});

Deno.test("createDatagramEndpoint() refuses a network without datagrams, and names one that has them", async () => {
  const { connect, listen } = denoNetwork;
  const network = { name: "streamsOnly", connect, listen };
  await assertRejects(() => make({ ...HERE, network }), TypeError, "give network: denoNetwork");
});

Deno.test("createDatagramEndpoint() is bound to loopback where its peer is, else to every interface", async () => {
  const places = [
    [{ remoteAddr: { port: 9 } }, "127.0.0.1"],
    [{ remoteAddr: { hostname: "::1", port: 9 } }, "::1"],
    [{ remoteAddr: { hostname: "[::1]", port: 9 } }, "::1"],
    [{ remoteAddr: { hostname: "192.0.2.1", port: 9 } }, "0.0.0.0"],
    [{ family: 4 }, "0.0.0.0"],
    [{ family: 6 }, "::"],
  ] as const;
  for (const [options, expected] of places) {
    const { transport } = await make(options);
    const sockname = transport.getExtraInfo("sockname");
    assertEquals(sockname && "hostname" in sockname && sockname.hostname, expected);
    transport.abort();
    await transport.closed;
  }
});

Deno.test("sendto() refuses addresses of another family, and ports out of range", async () => {
  const { transport } = await make(HERE);
  const send = (address: unknown) => () => transport.sendto("x", address as null);
  assertThrows(send({ hostname: "::1", port: 9 }), TypeError, 'localAddr { hostname: "::" }');
  assertThrows(send({ path: "/x" }), TypeError, 'to the path "/x": the endpoint is 127.0.0.1:');
  assertThrows(send({ hostname: 1, port: 9 }), TypeError, "the hostname is 1");
  assertThrows(send({ hostname: "", port: 9 }), TypeError, 'the hostname is ""');
  assertThrows(
    send({ transport: "tcp", hostname: "127.0.0.1", port: 9 }),
    TypeError,
    'to the transport "tcp": the endpoint is 127.0.0.1:',
  );
  for (const port of [0, -1, 65_536, 1.5, NaN, Infinity]) {
    assertThrows(send({ port }), RangeError, "1 to 65535");
  }
  const other = await make({ localAddr: { hostname: "::1" } });
  assertThrows(
    () => other.transport.sendto("x", { hostname: "127.0.0.1", port: 9 }),
    TypeError,
    "IPv4",
  );
  for (const one of [transport, other.transport]) {
    one.close();
    await one.closed;
  }
});

Deno.test("sendto() takes an IPv4 address in the form of IPv6, and sends from a dual stack to both", async () => {
  const four = await open(HERE);
  const dual = await open({ localAddr: { hostname: "::" } });
  four.transport.sendto("a", { hostname: "::ffff:127.0.0.1", port: dual.transport.port });
  await dual.log.arrived(1);
  const [first] = dual.log.received;
  assertEquals(first?.address, {
    transport: "udp",
    hostname: "::ffff:127.0.0.1",
    port: four.transport.port,
  });
  dual.transport.sendto("b", first?.address);
  dual.transport.sendto("c", { hostname: "127.0.0.1", port: four.transport.port });
  await four.log.arrived(2);
  assertEquals(four.log.texts, ["b", "c"]);
  const only = await open({ localAddr: { hostname: "::" }, ipv6Only: true });
  assertThrows(() => only.transport.sendto("x", { port: 9 }), TypeError, "IPv4");
  for (const { transport } of [four, dual, only]) {
    transport.close();
    await transport.closed;
  }
});

Deno.test("sendto() looks a name up once, keeps the order to it, and lets others pass meanwhile", async () => {
  const server = await open(HERE);
  const names: string[] = [];
  const found = Promise.withResolvers<string[]>();
  const network = {
    ...denoNetwork,
    lookup: (name: string) => {
      names.push(name);
      return found.promise;
    },
  };
  const client = await open({ ...HERE, network });
  const { port } = server.transport;
  for (const text of ["1", "2", "3"]) client.transport.sendto(text, { hostname: "a.test", port });
  client.transport.sendto("passes", { port });
  await server.log.arrived(1);
  assertEquals(client.transport.getWriteBufferSize(), 3 * 9);
  found.resolve(["::1", "127.0.0.1"]);
  await server.log.arrived(4);
  client.transport.sendto("4", { hostname: "a.test", port });
  await server.log.arrived(5);
  assertEquals(server.log.texts, ["passes", "1", "2", "3", "4"]);
  assertEquals(names, ["a.test"]);
  for (const { transport } of [client, server]) {
    transport.close();
    await transport.closed;
  }
});

Deno.test("abort() from onSettled leaves no sender to the same unknown name without an answer", async () => {
  const network = { ...denoNetwork, lookup: () => Promise.reject(new Error("No such host")) };
  const { transport } = await open({ ...HERE, network });
  const told: string[] = [];
  const address = { hostname: "nowhere.test", port: 9 };
  transport.sendto("1", address, (error) => {
    told.push(`${error?.name}`);
    transport.abort();
  });
  transport.sendto("2", address, (error) => void told.push(`${error?.name}`));
  await transport.closed;
  assertEquals(told, ["NameResolutionError", "ConnectionLostError"]);
});

Deno.test("createDatagramEndpoint() does not wait for a bind once its signal aborts, and closes its socket", async () => {
  const controller = new AbortController();
  const binding = Promise.withResolvers<void>();
  const bound = Promise.withResolvers<DatagramCarrier>();
  const network: Network = {
    ...denoNetwork,
    bindDatagrams: async (place, options) => {
      const carrier = await denoNetwork.bindDatagrams?.(place, options);
      assert(carrier !== undefined);
      bound.resolve(carrier);
      await binding.promise;
      return carrier;
    },
  };
  const opening = make({ ...HERE, network, signal: controller.signal });
  const { address } = await bound.promise;
  controller.abort(new Error("Enough"));
  await assertRejects(() => opening, Error, "Enough");
  binding.resolve();
  await settle();
  assert("port" in address);
  // The port is free again.
  const { transport } = await open({ localAddr: { port: address.port } });
  transport.close();
  await transport.closed;
});

Deno.test("joinGroup() names an option that it does not know, and the failure of the system", async () => {
  const { transport } = await open(HERE);
  const join = (options: unknown) => transport.joinGroup("224.0.0.251", options as never);
  await assertRejects(() => join(null), TypeError, "null is not an object");
  await assertRejects(() => join({ interface: 5 }), TypeError, "interface 5 is not a string");
  await assertRejects(() => join({ sorce: "127.0.0.1" }), TypeError, 'did you mean "source"');
  await assertRejects(() => transport.joinGroup(5 as never), TypeError, "Cannot join 5: it is no");
  await assertRejects(() => transport.leaveGroup("224.0.0.77"), Error, "Cannot leave 224.0.0.77: ");
  transport.close();
  await transport.closed;
});

Deno.test("sendto() tells errorReceived of a name that is not known, and goes on", async () => {
  const network = { ...denoNetwork, lookup: () => Promise.reject(new Error("No such host")) };
  const { transport, log } = await open({ ...HERE, network });
  transport.sendto("1", { hostname: "nowhere.test", port: 9 });
  transport.sendto("2", { hostname: "nowhere.test", port: 9 });
  await log.until(() => log.errors.length === 2);
  assert(log.errors.every((error) => error instanceof NameResolutionError));
  const six = { ...denoNetwork, lookup: () => Promise.resolve(["::1"]) };
  await assertRejects(
    () => make({ localAddr: { hostname: "six.test" }, family: 4, network: six }),
    NameResolutionError,
  );
  transport.close();
  assertEquals((await transport.closed).unsent, 0);
});

Deno.test("close() waits for a look-up no longer than closeTimeout", async () => {
  const network = { ...denoNetwork, lookup: () => new Promise<string[]>(() => {}) };
  const { transport } = await open({ ...HERE, network, closeTimeout: 1 });
  const settled: (string | undefined)[] = [];
  transport.sendto("x", { hostname: "slow.test", port: 9 }, (error) => settled.push(error?.name));
  transport.close();
  const { endedBy, unsent, error } = await transport.closed;
  assertEquals([endedBy, unsent, error, settled], ["abort", 1, null, ["ConnectionLostError"]]);
});

Deno.test("100,000 datagrams to a paused endpoint take no more memory than its queue", async () => {
  const { transport, log } = await open({ ...HERE, maxReadBuffer: 100_000 });
  const sender = await open({ remoteAddr: { port: transport.port } });
  transport.pauseReading();
  const data = new Uint8Array(1000);
  for (let i = 0; i < 100_000; i++) {
    if (!sender.transport.sendto(data)) {
      await sender.log.until(() => sender.log.calls.at(-1) === "resumeWriting");
      // The receiver has its turn, however busy the machine is.
      await turn();
    }
  }
  sender.transport.close();
  assertEquals((await sender.transport.closed).sent, 100_000);
  // The system drops what comes faster than it is taken; the rest is dropped here.
  const dropped = transport.dropped.received;
  assert(dropped > 500, `${dropped} dropped`);
  transport.resumeReading();
  // As many as its queue holds.
  await log.arrived(Math.floor(100_000 / 1256));
  await settle();
  assert(log.received.length < 1000, `${log.received.length} held`);
  transport.close();
  await transport.closed;
});

Deno.test("an endpoint survives a peer that is gone, connected or not", async () => {
  const gone = await open(HERE);
  const { port } = gone.transport;
  gone.transport.close();
  await gone.transport.closed;
  for (const options of [HERE, { remoteAddr: { port } }]) {
    const { transport, log } = await open(options);
    for (let i = 0; i < 20; i++) transport.sendto("anybody?", { port });
    transport.close();
    const { endedBy, sent } = await transport.closed;
    assertEquals([endedBy, sent, log.errors], ["local", 20, []]);
  }
});

Deno.test("onError prints by default, with the address, and does not end the endpoint", async () => {
  const { transport, log } = await open({ ...HERE, onError: () => {} });
  log.datagramReceived = () => {
    throw new Error("Thrown by the test");
  };
  transport.sendto("1", { port: transport.port });
  transport.sendto("2", { port: transport.port });
  await settle();
  assert(!transport.isClosing());
  assertEquals(transport.getExtraInfo("socket") !== null, true);
  assertEquals(transport.getExtraInfo("peername"), null);
  assertEquals(transport.getExtraInfo("nothing" as never, 5), 5);
  await transport[Symbol.asyncDispose]();
});
