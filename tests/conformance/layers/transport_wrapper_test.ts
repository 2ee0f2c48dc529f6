import { testTransport } from "../../../testing/test_transport.ts";
import { wrappedPair } from "../../support/pairs/transport_pairs.ts";

testTransport(wrappedPair, { name: "TransportWrapper" });
