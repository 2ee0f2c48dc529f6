import { simulate, testDatagramEndpoint } from "@sluice/net/testing";
import { udp } from "../../support/pairs/datagram_endpoints.ts";

/** Runs each case in a world of its own, on the loopback interface of one host. */
function inWorld(name: string, run: () => Promise<void>): void {
  Deno.test(name, async () => void await simulate(run));
}

await testDatagramEndpoint(udp("127.0.0.1"), { name: "UDP of simulate()", test: inWorld });
await testDatagramEndpoint(udp("::1"), { name: "UDP over IPv6 of simulate()", test: inWorld });
