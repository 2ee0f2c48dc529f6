import { assertEquals, assertThrows } from "@std/assert";
import {
  checkEndpoint,
  checkOptions,
  type Endpoint,
  formatEndpoint,
} from "../../../transports/core/endpoint.ts";

Deno.test("checkEndpoint() takes a port with or without a host, or a path", () => {
  checkEndpoint("connect", { port: 1 }, 1);
  checkEndpoint("connect", { hostname: "localhost", port: 65_535 }, 1);
  checkEndpoint("listen", { port: 0 }, 0);
  checkEndpoint("listen", { path: "/x" }, 0);
});

const WRONG: [Endpoint, 0 | 1, typeof TypeError | typeof RangeError, string][] = [
  [{}, 0, TypeError, "Cannot connect: neither port nor path given"],
  [{ hostname: "x" }, 0, TypeError, "Cannot connect: neither port nor path given"],
  // As callers without types do who forget to await a server.
  [{ port: undefined } as unknown as Endpoint, 1, TypeError, "Cannot connect: port is undefined"],
  [{ path: "/x", port: 1 }, 0, TypeError, 'Cannot connect: path "/x" given together with port 1'],
  [
    { path: "/x", hostname: "y" },
    0,
    TypeError,
    'Cannot connect: path "/x" given together with hostname "y"',
  ],
  [{ path: "" }, 0, TypeError, "Cannot connect: path is empty"],
  [{ port: 0 }, 1, RangeError, "Cannot connect: port 0 is not in 1 to 65535"],
  [{ port: -1 }, 0, RangeError, "Cannot connect: port -1 is not in 0 to 65535"],
  [{ port: 65_536 }, 0, RangeError, "Cannot connect: port 65536 is not in 0 to 65535"],
  [{ port: 1.5 }, 0, RangeError, "Cannot connect: port 1.5 is not in 0 to 65535"],
  [{ port: NaN }, 0, RangeError, "Cannot connect: port NaN is not in 0 to 65535"],
];

for (const [endpoint, lowest, error, message] of WRONG) {
  Deno.test(`checkEndpoint() throws "${message}"`, () => {
    assertThrows(() => checkEndpoint("connect", endpoint, lowest), error, message);
  });
}

Deno.test("checkOptions() throws TypeError for a host, a port and nothing, as asyncio takes them", () => {
  checkOptions("connect", {});
  for (
    const [given, shown] of [["localhost", '"localhost"'], [80, "80"], [undefined, "undefined"]]
  ) {
    assertThrows(
      () => checkOptions("connect", given),
      TypeError,
      `Cannot connect: ${shown} given in the place of { hostname, port }`,
    );
  }
});

Deno.test("formatEndpoint() shows where to go", () => {
  assertEquals(formatEndpoint({ port: 80 }), "127.0.0.1:80");
  assertEquals(formatEndpoint({ hostname: "::1", port: 80 }), "[::1]:80");
  assertEquals(formatEndpoint({ hostname: "x" }), "x:0");
  assertEquals(formatEndpoint({ path: "\0x" }), "@x");
});
