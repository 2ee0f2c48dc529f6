import { assertEquals, assertThrows } from "@std/assert";
import { AddressTable } from "../../../../transports/networks/epoll/libc/address_table.ts";
import { changeMembership } from "../../../../transports/networks/epoll/datagrams/multicast.ts";
import type { Libc } from "../../../../transports/networks/epoll/libc/libc.ts";
import { loadLibc } from "../../../../transports/networks/epoll/libc/load_libc.ts";
import {
  decodeAddress,
  encodeIp,
  encodePath,
  MAX_ADDRESS_SIZE,
  scopeOf,
} from "../../../../transports/networks/epoll/libc/socket_address.ts";
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
  name: "encodeIp() accepts brackets and a numeric zone, and refuses text that is not an address",
  ignore,
  fn: () => {
    assertEquals(encodeIp(libc, "[::1]", 1), encodeIp(libc, "::1", 1));
    assertEquals(encodeIp(libc, "fe80::1%1", 1), encodeIp(libc, "fe80::1%lo", 1));
    assertThrows(() => encodeIp(libc, "localhost", 1), TypeError, "not an IP address");
    for (const zone of ["no-such-zone", "4294967296", "a\0b", "x".repeat(1000)]) {
      assertThrows(() => encodeIp(libc, `fe80::1%${zone}`, 1), Error, "os error 19");
    }
    assertThrows(() => encodeIp(libc, "127.0.0.1%lo", 1), TypeError, "not an IP address");
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

Deno.test({
  name: "encodeIp() gives the bytes again of which decodeAddress() made an address",
  ignore,
  fn: () => {
    const random = new Random(2);
    for (let i = 0; i < 5000; i++) {
      const isIpv4 = random.below(2) === 0;
      const bytes = random.bytes(isIpv4 ? 16 : 28);
      bytes.set([isIpv4 ? 2 : 10, 0]);
      if (isIpv4) bytes.fill(0, 8);
      // The flow is not kept. Many zeros, and those of the mapped addresses.
      else bytes.fill(0, 4, 8 + random.below(15)).fill(random.pick(0, 255), 18, 20).fill(0, 24);
      const address = decodeAddress(libc, bytes, bytes.length, "stream");
      if (!("hostname" in address)) throw new TypeError("no address of the Internet");
      assertEquals(encodeIp(libc, address.hostname, address.port), bytes, address.hostname);
    }
  },
});

Deno.test({
  name: "AddressTable makes one address of any bytes, of any length that the system tells",
  ignore,
  fn: () => {
    const random = new Random(3);
    const table = new AddressTable(libc);
    for (let i = 0; i < 20_000; i++) {
      const bytes = random.bytes(MAX_ADDRESS_SIZE);
      bytes.set([random.pick(0, 1, 2, 10), 0, 0, random.below(4)]);
      const length = random.below(120);
      const address = table.get(bytes, length);
      assertEquals(address, decodeAddress(libc, bytes, length, "datagram"));
      assertEquals(table.get(bytes, length), address);
    }
  },
});

Deno.test({
  name: "A group is joined on the interface of its zone, with a source as without",
  ignore,
  fn: () => {
    const numbers = [undefined, "fe80::1"].map((source) => {
      let request = new Uint8Array();
      const setsockopt: Libc["setsockopt"] = (_fd, _level, _name, bytes) => {
        request = new Uint8Array(bytes as Uint8Array<ArrayBuffer>);
        return 0;
      };
      const options = source === undefined ? {} : { source };
      changeMembership({ ...libc, setsockopt }, 0, "join", "ff12::1%lo", options);
      return new DataView(request.buffer).getUint32(source === undefined ? 16 : 0, true);
    });
    assertEquals(numbers, [scopeOf(libc, "lo"), scopeOf(libc, "lo")]);
  },
});
