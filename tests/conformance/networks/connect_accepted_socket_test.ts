import { testTransport } from "../../../testing/test_transport.ts";
import { acceptedSocketPair } from "../../support/pairs/transport_pairs.ts";

testTransport(acceptedSocketPair, { name: "connectAcceptedSocket" });
