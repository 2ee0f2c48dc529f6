import { testTransport } from "../../../testing/test_transport.ts";
import { hasUnixSockets } from "../../support/runs/has_unix_sockets.ts";
import { isLongRun } from "../../support/runs/long_run.ts";
import { tlsMemoryPair, tlsPair, tlsUnixPair } from "../../support/pairs/tls_pairs.ts";
import { sampled } from "../../support/runs/sampled.ts";

testTransport(tlsPair("native", "native"), { name: "TLS (native) over TCP" });
testTransport(tlsPair("layer", "layer"), { name: "TLS (layer) over TCP" });
testTransport(tlsMemoryPair, sampled("TLS in memory"));
// The same engines in other company.
if (isLongRun) {
  testTransport(tlsPair("native", "layer"), { name: "TLS (native to layer) over TCP" });
  if (hasUnixSockets) testTransport(tlsUnixPair, { name: "TLS 1.2 over a Unix socket" });
}
