import { assertEquals } from "@std/assert";
import type { Address } from "../../../protocols/facts/address.ts";
import { formatAddress, formatHostPort, fromDenoAddr } from "../../../transports/core/addresses.ts";

const ADDRESSES: [Address | null, string][] = [
  [{ transport: "tcp", hostname: "127.0.0.1", port: 80 }, "127.0.0.1:80"],
  [{ transport: "tcp", hostname: "::1", port: 80 }, "[::1]:80"],
  [{ transport: "udp", hostname: "example.org", port: 53 }, "example.org:53"],
  [{ transport: "unix", path: "/run/x.sock" }, "/run/x.sock"],
  [{ transport: "unixpacket", path: "x.sock" }, "x.sock"],
  [{ transport: "unix", path: "\0abstract" }, "@abstract"],
  [{ transport: "unix", path: "" }, "unix:"],
  [{ transport: "memory", name: "a" }, "memory:a"],
  [null, "?"],
];

for (const [address, text] of ADDRESSES) {
  Deno.test(`formatAddress() shows ${address?.transport ?? "no"} address as ${text}`, () => {
    assertEquals(formatAddress(address), text);
  });
}

Deno.test("formatHostPort() does not put brackets around brackets", () => {
  assertEquals(formatHostPort("[::1]", 1), "[::1]:1");
});

Deno.test("fromDenoAddr() takes TCP, UDP and Unix addresses, and nothing else", () => {
  const tcp = { transport: "tcp", hostname: "::1", port: 1 } as const;
  assertEquals(fromDenoAddr(tcp), tcp);
  assertEquals(fromDenoAddr({ ...tcp, transport: "udp" }), { ...tcp, transport: "udp" });
  const unix = { transport: "unix", path: "/x" } as const;
  assertEquals(fromDenoAddr(unix), unix);
  // Deno gives this for a socket without a path, against its type.
  const unnamed = { transport: "unix", path: null as unknown as string } as const;
  assertEquals(fromDenoAddr(unnamed), { transport: "unix", path: "" });
  assertEquals(fromDenoAddr({ transport: "vsock", cid: 1, port: 2 }), undefined);
});
