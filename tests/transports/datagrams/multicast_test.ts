import { assertEquals, assertRejects } from "@std/assert";
import { createDatagramEndpoint } from "@sluice/net";
import type { DatagramEndpoint } from "@sluice/net/transports";
import type { DatagramEndpointOptions } from "../../../transports/datagram_endpoint_options.ts";
import { DatagramLog } from "../../support/doubles/datagram_log.ts";
import { settle } from "../../support/time/event_loop.ts";

const GROUP = "239.255.77.77";
const LOOPBACK = { interface: "127.0.0.1" };

// Loopback multicast as Linux has it.
const ignore = Deno.build.os !== "linux";

function open(options: DatagramEndpointOptions): Promise<DatagramEndpoint<DatagramLog>> {
  return createDatagramEndpoint(() => new DatagramLog(), options);
}

Deno.test({
  name: "joinGroup() receives what is sent to the group, leaveGroup() no longer",
  ignore,
  async fn(): Promise<void> {
    const member = await open({ localAddr: { hostname: "0.0.0.0" }, reuseAddress: true });
    const { port } = member.transport;
    const second = await open({ localAddr: { hostname: "0.0.0.0", port }, reuseAddress: true });
    await member.transport.joinGroup(GROUP, LOOPBACK);
    await second.transport.joinGroup(GROUP, LOOPBACK);
    const sender = await open({
      localAddr: {},
      multicast: { ...LOOPBACK, ttl: 1, loopback: true },
    });
    sender.transport.sendto("to both", { hostname: GROUP, port });
    await Promise.all([member.protocol.arrived(1), second.protocol.arrived(1)]);
    await member.transport.leaveGroup(GROUP, LOOPBACK);
    sender.transport.sendto("to one", { hostname: GROUP, port });
    await second.protocol.arrived(2);
    await settle();
    assertEquals(second.protocol.texts, ["to both", "to one"]);
    await assertRejects(() => second.transport.joinGroup(GROUP, LOOPBACK), Error);
    for (const { transport } of [member, second, sender]) {
      transport.close();
      await transport.closed;
    }
  },
});

Deno.test({
  name: "joinGroup() with a source receives from it alone",
  ignore,
  async fn(): Promise<void> {
    const member = await open({ localAddr: { hostname: "0.0.0.0" } });
    const { port } = member.transport;
    const options = { ...LOOPBACK, source: "127.0.0.1" };
    await member.transport.joinGroup("232.1.2.3", options);
    const multicast = LOOPBACK;
    const right = await open({ localAddr: { hostname: "127.0.0.1" }, multicast });
    const wrong = await open({ localAddr: { hostname: "127.0.0.2" }, multicast });
    wrong.transport.sendto("wrong", { hostname: "232.1.2.3", port });
    right.transport.sendto("right", { hostname: "232.1.2.3", port });
    await member.protocol.arrived(1);
    assertEquals(member.protocol.texts, ["right"]);
    await member.transport.leaveGroup("232.1.2.3", options);
    for (const { transport } of [member, right, wrong]) {
      transport.close();
      await transport.closed;
    }
  },
});

Deno.test("joinGroup() refuses addresses that are not groups of the endpoint's family", async () => {
  const { transport } = await open({ localAddr: {} });
  for (const group of ["127.0.0.1", "ff02::1", "", "group"]) {
    await assertRejects(() => transport.joinGroup(group), TypeError, "no multicast group");
  }
  await assertRejects(() => transport.joinGroup(GROUP, { source: "::1" }), TypeError, "source");
  transport.close();
  await transport.closed;
  await assertRejects(() => transport.joinGroup(GROUP), TypeError, "closed");
});

Deno.test({
  name: "allowBroadcast lets datagrams go to the broadcast address of the loopback network",
  ignore,
  async fn(): Promise<void> {
    const server = await open({ localAddr: { hostname: "0.0.0.0" } });
    const { port } = server.transport;
    const address = { hostname: "127.255.255.255", port };
    const shy = await open({ localAddr: {} });
    shy.transport.sendto("refused", address);
    await shy.protocol.until(() => shy.protocol.errors.length === 1);
    const client = await open({ localAddr: {}, allowBroadcast: true });
    client.transport.sendto("to all", address);
    await server.protocol.arrived(1);
    assertEquals(server.protocol.texts, ["to all"]);
    for (const { transport } of [server, shy, client]) {
      transport.close();
      await transport.closed;
    }
  },
});
