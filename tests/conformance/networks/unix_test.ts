import { testTransport } from "../../../testing/test_transport.ts";
import { hasUnixSockets } from "../../support/runs/has_unix_sockets.ts";
import { unixPair } from "../../support/pairs/transport_pairs.ts";

if (hasUnixSockets) testTransport(unixPair, { name: "Unix" });
