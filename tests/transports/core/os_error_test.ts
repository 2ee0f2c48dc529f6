import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { NameResolutionError } from "../../../protocols/errors.ts";
import {
  describeEndpointError,
  describeOsError,
  fromNodeError,
} from "../../../transports/core/os_error.ts";

Deno.test("describeOsError() puts the action before the message and keeps class and code", () => {
  const refused = Object.assign(new Deno.errors.ConnectionRefused("refused"), { code: "EX" });
  const described = describeOsError(refused, "Cannot connect to 127.0.0.1:80");
  assertStrictEquals(described, refused);
  assertEquals(described.message, "Cannot connect to 127.0.0.1:80: refused");
  assertEquals(refused.code, "EX");
  // A transport over another one says the same.
  assertEquals(describeOsError(refused, "Cannot connect to 127.0.0.1:80").message, refused.message);
});

Deno.test("describeOsError() leaves errors that are not the system's alone", () => {
  const own = new TypeError("Cannot decode: no frame");
  assertStrictEquals(describeOsError(own, "Cannot read"), own);
  assertEquals(own.message, "Cannot decode: no frame");
});

Deno.test("describeOsError() makes an error of a value that is not one, or cannot be changed", () => {
  assertEquals(describeOsError("text", "Cannot x").message, "Thrown: text");
  const frozen = Object.freeze(new Deno.errors.BrokenPipe("frozen"));
  const described = describeOsError(frozen, "Cannot x");
  assertEquals([described.message, described.cause], ["Cannot x: frozen", frozen]);
});

Deno.test("describeEndpointError() gives a failed look-up its class", () => {
  const lookup = new Error("failed to lookup address information");
  const described = describeEndpointError(lookup, "Cannot connect to nowhere:1", {
    hostname: "nowhere",
  });
  assertInstanceOf(described, NameResolutionError);
  assertEquals([described.hostname, described.cause], ["nowhere", lookup]);
  assertEquals(described.message, 'Cannot resolve host name: "nowhere"');
});

Deno.test("describeEndpointError() leaves other failures what they are", () => {
  const tooMany = Object.assign(new Error("Too many open files"), { code: "EMFILE" });
  assertStrictEquals(describeEndpointError(tooMany, "Cannot x", { port: 1 }), tooMany);
  assertEquals(tooMany.message, "Cannot x: Too many open files");
  const inUse = new Deno.errors.AddrInUse("in use");
  assertStrictEquals(describeEndpointError(inUse, "Cannot x", { path: "/x" }), inUse);
});

Deno.test("describeEndpointError() names every permission that a Unix socket needs", () => {
  const make = () => new Deno.errors.NotCapable("Requires read access");
  assertEquals(
    describeEndpointError(make(), "Cannot listen on /x", { path: "/x" }).message,
    "Cannot listen on /x: Requires read access " +
      "(a Unix socket needs --allow-net --allow-read --allow-write)",
  );
  assertEquals(
    describeEndpointError(make(), "Cannot listen on x:1", { hostname: "x", port: 1 }).message,
    "Cannot listen on x:1: Requires read access",
  );
});

Deno.test("fromNodeError() gives a failure of the system its class, and leaves others alone", () => {
  const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", errno: -104 });
  const described = fromNodeError(reset);
  assertInstanceOf(described, Deno.errors.ConnectionReset);
  assertEquals([described.cause, Reflect.get(described, "code")], [reset, "ECONNRESET"]);
  // node:zlib has numbers of its own.
  const zlib = Object.assign(new Error("unexpected end of file"), {
    code: "Z_BUF_ERROR",
    errno: -5,
  });
  assertStrictEquals(fromNodeError(zlib), zlib);
});
