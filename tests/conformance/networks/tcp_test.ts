import { testTransport } from "../../../testing/test_transport.ts";
import { tcpPair } from "../../support/pairs/transport_pairs.ts";

testTransport(tcpPair, { name: "TCP" });
