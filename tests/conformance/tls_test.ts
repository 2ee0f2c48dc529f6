import { testTransport } from "../../testing/test_transport.ts";
import { hasUnixSockets } from "../support/has_unix_sockets.ts";
import { tlsMemoryPair, tlsPair, tlsUnixPair } from "../transports/tls/tls_pairs.ts";

testTransport(tlsPair("native", "native"), { name: "TLS (native) over TCP" });
testTransport(tlsPair("layer", "layer"), { name: "TLS (layer) over TCP" });
testTransport(tlsPair("native", "layer"), { name: "TLS (native to layer) over TCP" });
// The older version differs in the engine, not in what carries it: it needs no battery of its own.
if (hasUnixSockets) testTransport(tlsUnixPair, { name: "TLS 1.2 over a Unix socket" });
testTransport(tlsMemoryPair, { name: "TLS in memory" });
