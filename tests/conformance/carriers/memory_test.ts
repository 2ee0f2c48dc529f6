import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { testTransport } from "../../../testing/test_transport.ts";

testTransport(memoryTransportPair, { name: "memory" });
