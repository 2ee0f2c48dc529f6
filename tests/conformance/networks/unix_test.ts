import { testTransport } from "../../../testing/test_transport.ts";
import { hasUnixSockets } from "../../support/runs/has_unix_sockets.ts";
import { unixPair } from "../../support/pairs/transport_pairs.ts";
import { sampled } from "../../support/runs/sampled.ts";

if (hasUnixSockets) testTransport(unixPair, sampled("Unix"));
