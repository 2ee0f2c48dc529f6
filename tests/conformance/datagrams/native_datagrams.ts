/**
 * The battery over `Deno.listenDatagram`. Run by datagrams_test.ts with `--unstable-net`.
 *
 * @module
 */
import { testDatagramEndpoint } from "@sluice/net/testing";
import { udp, unix } from "../../support/pairs/datagram_endpoints.ts";

const folder = Deno.makeTempDirSync();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

await testDatagramEndpoint(udp("127.0.0.1"), { name: "native UDP" });
await testDatagramEndpoint(udp("::1"), { name: "native UDP over IPv6" });
await testDatagramEndpoint(udp("127.0.0.1", { multicast: {} }), { name: "UDP of node:dgram" });
if (Deno.build.os !== "windows") await testDatagramEndpoint(unix(folder), { name: "Unix" });
