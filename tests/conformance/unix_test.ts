import { testTransport } from "../../testing/test_transport.ts";
import { unixPair } from "./transport_pairs.ts";

testTransport(unixPair, { name: "Unix" });
