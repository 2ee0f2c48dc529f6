import { assertEquals, assertThrows } from "@std/assert";
import type { Libc } from "../../../../transports/networks/epoll/_libc.ts";
import { loadLibc } from "../../../../transports/networks/epoll/_load_libc.ts";
import {
  decodeAddress,
  encodeIp,
  encodePath,
} from "../../../../transports/networks/epoll/_socket_address.ts";
import { Random } from "../../../../testing/conformance/random.ts";

const ignore = Deno.build.os !== "linux";
const libc = ignore ? null as unknown as Libc : loadLibc();

for (const hostname of ["127.0.0.1", "0.0.0.0", "::", "::1", "2001:db8::1:0:0:1", "fe80::1%lo"]) {
  Deno.test({
    name: `encodeIp() and decodeAddress() keep ${hostname}`,
    ignore,
    fn: () => {
      const bytes = encodeIp(libc, hostname, 8080);
      const address = decodeAddress(libc, bytes, bytes.length, "stream");
      assertEquals(address, { transport: "tcp", hostname, port: 8080 });
    },
  });
}

for (const path of ["", "/run/x.sock", "\0name", "\0a\0b", "ä".repeat(50)]) {
  Deno.test({
    name: `encodePath() and decodeAddress() keep ${JSON.stringify(path)}`,
    ignore,
    fn: () => {
      const bytes = encodePath(path);
      const address = decodeAddress(libc, bytes, bytes.length, "datagram");
      assertEquals(address, { transport: "unixpacket", path });
    },
  });
}

Deno.test({
  name: "encodeIp() takes brackets and a zone by its number, and refuses what is no address",
  ignore,
  fn: () => {
    assertEquals(encodeIp(libc, "[::1]", 1), encodeIp(libc, "::1", 1));
    assertEquals(encodeIp(libc, "fe80::1%1", 1), encodeIp(libc, "fe80::1%lo", 1));
    assertThrows(() => encodeIp(libc, "localhost", 1), TypeError, "not an IP address");
    assertThrows(() => encodeIp(libc, "fe80::1%no-such-zone", 1), Error, "os error 19");
  },
});

Deno.test({
  name: "decodeAddress() makes some address of any bytes, of any length that the system tells",
  ignore,
  fn: () => {
    const random = new Random(1);
    const kinds = ["tcp", "udp", "unix", "unixpacket"];
    for (let i = 0; i < 20_000; i++) {
      const bytes = random.bytes(random.below(111));
      if (bytes.length > 0) bytes[0] = random.pick(0, 1, 2, 10, 16);
      if (bytes.length > 1) bytes[1] = random.pick(0, 0, 0, 1);
      const kind = random.pick("stream" as const, "datagram" as const);
      const address = decodeAddress(libc, bytes, random.below(200), kind);
      assertEquals(kinds.includes(address.transport), true);
      if ("port" in address) assertEquals(address.port >= 0 && address.port <= 65_535, true);
      else assertEquals(address.path.length <= 108, true);
    }
  },
});
