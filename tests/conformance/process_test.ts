import type { AnyProtocol, Transport } from "../../protocols/contract.ts";
import type { MakeTransportPair } from "../../testing/make_transport_pair.ts";
import { testTransport } from "../../testing/test_transport.ts";
import { connectCarrier } from "../../transports/core/connect_carrier.ts";
import { createServer } from "../../transports/create_server.ts";
import { startChild } from "../../transports/processes/_start_child.ts";
import { ProcessCarrier } from "../../transports/processes/_process_carrier.ts";
import { hasProgram } from "../support/outside_peer.ts";

const RELAY = new URL("../transports/carriers/stdio_relay.py", import.meta.url).pathname;

/** A process, and what it passes everything on to. */
const makePair: MakeTransportPair = async (factoryA, factoryB, options) => {
  const accepted = Promise.withResolvers<Transport>();
  const server = await createServer(() => {
    const protocol: AnyProtocol = factoryB();
    // The server has it when the factory has returned, and still has it if connectionMade ends it.
    queueMicrotask(() => {
      for (const transport of server.connections) accepted.resolve(transport);
    });
    return protocol;
  }, { port: 0, ...options });
  const child = await startChild("python3", ["piped", "piped", "inherit"], {
    args: ["-S", "-E", RELAY, String(server.port)],
  });
  // One that is aborted at once must not keep the other end from being made.
  const carrier = new ProcessCarrier(child, 5000);
  const b = await accepted.promise;
  const a = await connectCarrier(factoryA, carrier, options);
  return [a, { transport: b }, async () => {
    await server.shutdown({ grace: 0 });
    await carrier.exited;
  }];
};

if (hasProgram("python3", ["--version"])) testTransport(makePair, { name: "process" });
