import { assertRejects, assertStrictEquals } from "@std/assert";
import type { AnyProtocol } from "../../../protocols/contract.ts";
import { connectCarrier } from "../../../transports/core/connect_carrier.ts";
import { FakeCarrier } from "../../support/doubles/fake_carrier.ts";

for (
  const [made, problem] of [
    [undefined, "returned undefined"],
    [null, "returned null"],
    [7, "returned 7"],
    [Promise.resolve({}), "returned a promise, it must not be async"],
  ] as const
) {
  Deno.test(`connectCarrier() rejects and closes the carrier if the factory ${problem}`, async () => {
    const carrier = new FakeCarrier();
    await assertRejects(
      // As callers without types do who forget to return.
      () => connectCarrier(() => made as unknown as AnyProtocol, carrier),
      TypeError,
      `Cannot use protocol: the factory ${problem}`,
    );
    assertStrictEquals(carrier.calls.join(), "close");
  });
}
