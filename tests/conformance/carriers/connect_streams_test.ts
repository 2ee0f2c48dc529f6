import { testTransport } from "../../../testing/test_transport.ts";
import { streamsPair } from "../../support/pairs/transport_pairs.ts";

testTransport(streamsPair, { name: "connectStreams" });
