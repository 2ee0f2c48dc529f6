import type { ProcessExit } from "../../../protocols/facts/extra_info.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { testTransport } from "../../../testing/test_transport.ts";
import { connectCarrier } from "../../../transports/core/connect_carrier.ts";
import { createServer } from "../../../transports/create_server.ts";
import { startChild } from "../../../transports/processes/child/start_child.ts";
import { ProcessCarrier } from "../../../transports/processes/child/process_carrier.ts";
import { TransportWrapper } from "../../../transports/core/transport_wrapper.ts";
import { firstAccepted } from "../../support/pairs/server_pair.ts";

const RELAY = new URL("../../transports/carriers/stdio_port_relay.ts", import.meta.url).href;
const ARGS = ["run", "--no-check", "--allow-net=127.0.0.1", RELAY];

/**
 * The ends around a program on `connectStdio` can do what that cannot. Here they cannot either: that stdout has no end of
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

/** Who runs a program, and what that program passes everything on to by way of its own stdio. */
const makePair: MakeTransportPair = async (factoryA, factoryB, options) => {
  const { accept, accepted } = firstAccepted(factoryB);
  const server = await createServer(accept, { port: 0, ...options });
  const child = await startChild(Deno.execPath(), ["piped", "piped", "inherit"], {
    args: [...ARGS, String(server.port)],
  });
  // One that is aborted at once must not keep the other end from being made.
  const carrier = new ProcessCarrier(child, 5000);
  const b = await Promise.race([accepted, carrier.exited.then(failToStart)]);
  const { transport } = await connectCarrier(factoryA, carrier, options);
  return [
    { transport: new WithoutHalfClose(transport) },
    { transport: new WithoutHalfClose(b) },
    async () => {
      await server.shutdown({ grace: 0 });
      await carrier.exited;
    },
  ];
};

function failToStart({ code }: ProcessExit): never {
  throw new Error(`Cannot connect: the program in between ended with code ${code}`);
}

testTransport(makePair, { name: "stdio", gaps: ["halfClose"] });
