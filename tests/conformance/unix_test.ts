import { testTransport } from "../../testing/test_transport.ts";
import { unixPair } from "./transport_pairs.ts";

// Deno has no Unix sockets on Windows.
if (Deno.build.os !== "windows") testTransport(unixPair, { name: "Unix" });
