import { testTransport } from "../../testing/test_transport.ts";
import { acceptedSocketPair } from "./transport_pairs.ts";

testTransport(acceptedSocketPair, { name: "connectAcceptedSocket" });
