import { assertEquals } from "@std/assert";
import { formatIp, parseIpv6 } from "../../../../transports/core/ip_address.ts";

const SPELLINGS: [string, string][] = [
  ["::ffff:127.0.0.1", "::ffff:127.0.0.1"],
  ["::ffff:7f00:1", "::ffff:127.0.0.1"],
  ["::FFFF:7F00:0001", "::ffff:127.0.0.1"],
  ["0:0:0:0:0:ffff:c000:207", "::ffff:192.0.2.7"],
  ["::127.0.0.1", "::7f00:1"],
  ["::fffe:7f00:1", "::fffe:7f00:1"],
  ["1::ffff:7f00:1", "1::ffff:7f00:1"],
  ["2001:DB8::0:1", "2001:db8::1"],
];

Deno.test("formatIp() gives one spelling for all those of an address", () => {
  for (const [written, expected] of SPELLINGS) {
    assertEquals(formatIp(parseIpv6(written) ?? new Uint8Array(0)), expected, written);
  }
});

Deno.test("formatIp() spells a mapped address as the system does", async () => {
  using listener = Deno.listen({ hostname: "::", port: 0 });
  using client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  using accepted = await listener.accept();
  const bySystem = accepted.remoteAddr.hostname;
  assertEquals(formatIp(parseIpv6(bySystem) ?? new Uint8Array(0)), bySystem);
  assertEquals(client.localAddr.hostname, "127.0.0.1");
});
