import { testTransport } from "../../../testing/test_transport.ts";
import { tlsMemoryPair, tlsPair, tlsUnixPair } from "./tls_pairs.ts";

testTransport(tlsPair("native", "native"), { name: "TLS (native) over TCP" });
testTransport(tlsPair("layer", "layer"), { name: "TLS (layer) over TCP" });
testTransport(tlsPair("native", "layer"), { name: "TLS (native to layer) over TCP" });
testTransport(tlsPair("layer", "layer", { maxVersion: "TLSv1.2" }), { name: "TLS 1.2 (layer)" });
testTransport(tlsUnixPair, { name: "TLS over a Unix socket" });
testTransport(tlsMemoryPair, { name: "TLS in memory" });
