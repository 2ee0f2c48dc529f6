import { simulate, testTransport } from "@sluice/net/testing";
import { tlsPair } from "../transports/tls/tls_pairs.ts";
import { tcpPair, unixPair } from "./transport_pairs.ts";

/** Runs each case in a world of its own, on the loopback interface of one host. */
function inWorld(name: string, run: () => Promise<void>): void {
  Deno.test(name, async () => void await simulate(run));
}

testTransport(tcpPair, { name: "TCP of simulate()", test: inWorld });
testTransport(unixPair, { name: "Unix of simulate()", test: inWorld });
testTransport(tlsPair("layer", "layer"), { name: "TLS of simulate()", test: inWorld });
