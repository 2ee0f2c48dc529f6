import { assertEquals } from "@std/assert";
import { nodeNetwork } from "@sluice/net";
import { testDatagramEndpoint } from "@sluice/net/testing";
import { memory, udp } from "../../support/pairs/datagram_endpoints.ts";

await testDatagramEndpoint(memory(), { name: "memory", gaps: ["truncation"] });
await testDatagramEndpoint(udp("127.0.0.1"), { name: "UDP" });
await testDatagramEndpoint(udp("127.0.0.1", { network: nodeNetwork }), {
  name: "UDP of nodeNetwork",
});
await testDatagramEndpoint(udp("::1"), { name: "UDP over IPv6" });

Deno.test("the battery passes with Deno.listenDatagram, over UDP and Unix sockets", async () => {
  const program = new URL("native_datagrams.ts", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", "--unstable-net", program],
    env: { NO_COLOR: "1" },
  }).output();
  const printed = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assertEquals([success, printed.match(/ \d+ failed/)?.[0]], [true, " 0 failed"], printed);
});
