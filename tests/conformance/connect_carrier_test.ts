import { testTransport } from "../../testing/test_transport.ts";
import { generatorPair } from "./transport_pairs.ts";

testTransport(generatorPair, { name: "generator" });
