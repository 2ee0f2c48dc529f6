import { assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { AnyProtocol } from "../../../protocols/contract.ts";
import { connectCarrier } from "../../../transports/core/connect_carrier.ts";
import { checkProtocolFactory, makeProtocol } from "../../../transports/core/callbacks.ts";
import { FakeCarrier } from "../../support/fake_carrier.ts";

Deno.test("checkProtocolFactory() takes functions and throws TypeError for what is none", () => {
  checkProtocolFactory(() => ({}));
  assertThrows(
    () => checkProtocolFactory(undefined),
    TypeError,
    "Cannot make protocols: undefined is not a function",
  );
});

Deno.test("checkProtocolFactory() throws TypeError for a class, and tells what to give instead", () => {
  class Echo {}
  for (const [made, name] of [[Echo, "Echo"], [class {}, "it"]] as const) {
    assertThrows(
      () => checkProtocolFactory(made),
      TypeError,
      `Cannot make protocols: ${name} is a class, give a function such as () => new ${name}()`,
    );
  }
});

Deno.test("makeProtocol() throws TypeError for a factory that is async", () => {
  assertThrows(
    () => makeProtocol(() => Promise.resolve({}) as unknown as AnyProtocol),
    TypeError,
    "Cannot use protocol: the factory returned a promise, it must not be async",
  );
});

Deno.test("makeProtocol() gives what the factory made, and throws TypeError if that is no object", () => {
  const protocol = {};
  assertStrictEquals(makeProtocol(() => protocol), protocol);
  for (const [made, shown] of [[undefined, "undefined"], [null, "null"], [7, "7"]] as const) {
    assertThrows(
      // As callers without types do who forget to return.
      () => makeProtocol(() => made as unknown as AnyProtocol),
      TypeError,
      `Cannot use protocol: the factory returned ${shown}`,
    );
  }
});

Deno.test("connectCarrier() rejects with TypeError when the factory forgets to return", async () => {
  const carrier = new FakeCarrier();
  await assertRejects(
    () => connectCarrier(() => undefined as unknown as AnyProtocol, carrier),
    TypeError,
    "the factory returned undefined",
  );
  assertStrictEquals(carrier.calls.join(), "close");
});
