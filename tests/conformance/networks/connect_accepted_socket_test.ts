import { testTransport } from "../../../testing/test_transport.ts";
import { acceptedSocketPair } from "../../support/pairs/transport_pairs.ts";
import { sampled } from "../../support/runs/sampled.ts";

testTransport(acceptedSocketPair, sampled("connectAcceptedSocket"));
