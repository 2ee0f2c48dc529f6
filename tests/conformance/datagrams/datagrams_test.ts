import { nodeNetwork } from "@sluice/net";
import { testDatagramEndpoint } from "@sluice/net/testing";
import { memory, udp } from "../../support/pairs/datagram_endpoints.ts";
import { assertTestsPass } from "../../support/runs/run_tests.ts";

await testDatagramEndpoint(memory(), { name: "memory", gaps: ["truncation"] });
await testDatagramEndpoint(udp("127.0.0.1"), { name: "UDP" });
await testDatagramEndpoint(udp("127.0.0.1", { network: nodeNetwork }), {
  name: "UDP of nodeNetwork",
});
await testDatagramEndpoint(udp("::1"), { name: "UDP over IPv6" });

Deno.test("Deno.listenDatagram passes the battery, over UDP and Unix sockets", async () => {
  const program = new URL("native_datagrams.ts", import.meta.url).pathname;
  await assertTestsPass(["--unstable-net", program]);
});
