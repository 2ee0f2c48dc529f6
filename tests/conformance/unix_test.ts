import { testTransport } from "../../testing/test_transport.ts";
import { hasUnixSockets } from "../support/has_unix_sockets.ts";
import { unixPair } from "./transport_pairs.ts";

if (hasUnixSockets) testTransport(unixPair, { name: "Unix" });
