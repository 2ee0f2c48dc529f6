import { testTransport } from "../../testing/test_transport.ts";
import { streamsPair } from "./transport_pairs.ts";

testTransport(streamsPair, { name: "connectStreams" });
