import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { testTransport } from "../../../testing/test_transport.ts";
import { connectCarrier } from "../../../transports/core/connect_carrier.ts";
import { createServer } from "../../../transports/create_server.ts";
import { startChild } from "../../../transports/processes/child/start_child.ts";
import { ProcessCarrier } from "../../../transports/processes/child/process_carrier.ts";
import { hasProgram } from "../../support/peers/outside_peer.ts";
import { firstAccepted } from "../../support/pairs/server_pair.ts";

const RELAY = new URL("../../transports/carriers/stdio_relay.py", import.meta.url).pathname;

/** A process, and what it passes everything on to. */
const makePair: MakeTransportPair = async (factoryA, factoryB, options) => {
  const { accept, accepted } = firstAccepted(factoryB);
  const server = await createServer(accept, { port: 0, ...options });
  const child = await startChild("python3", ["piped", "piped", "inherit"], {
    args: ["-S", "-E", RELAY, String(server.port)],
  });
  // One that is aborted at once must not keep the other end from being made.
  const carrier = new ProcessCarrier(child, 5000);
  const b = await accepted;
  const a = await connectCarrier(factoryA, carrier, options);
  return [a, { transport: b }, async () => {
    await server.shutdown({ grace: 0 });
    await carrier.exited;
  }];
};

if (hasProgram("python3", ["--version"])) testTransport(makePair, { name: "process" });
