import type { ProcessExit } from "../../../protocols/facts/extra_info.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { testTransport } from "../../../testing/test_transport.ts";
import { startChild } from "../../../transports/processes/child/start_child.ts";
import { ProcessCarrier } from "../../../transports/processes/child/process_carrier.ts";
import { TransportWrapper } from "../../../transports/core/transport_wrapper.ts";
import { relayedPair } from "../../support/pairs/relayed_pair.ts";
import { sampled } from "../../support/runs/sampled.ts";

const RELAY = new URL("../../transports/carriers/stdio_port_relay.ts", import.meta.url).href;
const ARGS = ["run", "--no-check", "--allow-net=127.0.0.1", RELAY];

/**
 * The ends around a program on `connectStdio` can do what that cannot. Here they cannot either:
 * that stdout has no end of
 * its own is a test of connect_stdio_test.ts.
 */
class WithoutHalfClose extends TransportWrapper {
  override canWriteEof(): boolean {
    return false;
  }

  override writeEof(): void {
    throw new InvalidStateError("Cannot end writing: stdout has no half-close");
  }
}

/** A program on `connectStdio`, and what it relays to. */
const programPair = relayedPair(async (port) => {
  const child = await startChild(Deno.execPath(), ["piped", "piped", "inherit"], {
    args: [...ARGS, String(port)],
  });
  const carrier = new ProcessCarrier(child, 5000);
  const { exited } = carrier;
  return { carrier, failed: exited.then(failToStart), end: () => exited };
});

const makePair: MakeTransportPair = async (factoryA, factoryB, options) => {
  const [a, b, cleanup = () => {}] = await programPair(factoryA, factoryB, options);
  return [
    { transport: new WithoutHalfClose(a.transport) },
    { transport: new WithoutHalfClose(b.transport) },
    cleanup,
  ];
};

function failToStart({ code }: ProcessExit): never {
  throw new Error(`Cannot connect: the program in between ended with code ${code}`);
}

testTransport(makePair, { ...sampled("stdio"), gaps: ["halfClose"] });
