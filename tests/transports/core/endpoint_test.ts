import { assertEquals, assertThrows } from "@std/assert";
import {
  checkEndpoint,
  type Endpoint,
  formatEndpoint,
} from "../../../transports/core/addresses.ts";

Deno.test("checkEndpoint() takes a port with or without a host, or a path", () => {
  checkEndpoint("connect", { port: 1 });
  checkEndpoint("connect", { hostname: "localhost", port: 65_535 });
  checkEndpoint("listen", { port: 0 });
  checkEndpoint("listen", { path: "/x" });
});

const WRONG: [Endpoint, string][] = [
  [{}, "Cannot connect: neither port nor path given"],
  [{ hostname: "x" }, "Cannot connect: neither port nor path given"],
  // As callers without types do who forget to await a server.
  [{ port: undefined } as unknown as Endpoint, "Cannot connect: port is undefined"],
  [{ path: "/x", port: 1 }, 'Cannot connect: path "/x" given together with port 1'],
  [{ path: "/x", hostname: "y" }, 'Cannot connect: path "/x" given together with hostname "y"'],
];

for (const [endpoint, message] of WRONG) {
  Deno.test(`checkEndpoint() throws "${message}"`, () => {
    assertThrows(() => checkEndpoint("connect", endpoint), TypeError, message);
  });
}

Deno.test("formatEndpoint() shows where to go", () => {
  assertEquals(formatEndpoint({ port: 80 }), "127.0.0.1:80");
  assertEquals(formatEndpoint({ hostname: "::1", port: 80 }), "[::1]:80");
  assertEquals(formatEndpoint({ hostname: "x" }), "x:0");
  assertEquals(formatEndpoint({ path: "\0x" }), "@x");
});
