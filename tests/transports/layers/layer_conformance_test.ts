import { Random } from "../../../testing/conformance/random.ts";
import { testTransport } from "../../../testing/test_transport.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { tcpPair } from "../../conformance/transport_pairs.ts";
import { doubling, framing, identity, layered, passThrough } from "./layer_pairs.ts";

testTransport(layered(memoryTransportPair, [passThrough()]), { name: "layer over memory" });
testTransport(layered(tcpPair, [passThrough()]), { name: "layer over TCP" });
testTransport(layered(memoryTransportPair, [identity()]), { name: "identity over memory" });
testTransport(layered(tcpPair, [doubling()]), { name: "doubling over TCP" });

const carriers = { memory: memoryTransportPair, TCP: tcpPair };
const random = new Random(4);
for (const [name, makePair] of Object.entries(carriers)) {
  const stack = [0, 1, 2].map(() => random.pick(passThrough, identity, doubling, framing));
  const names = stack.map((make) => make.name).join(", ");
  const layers = stack.map((make) => make());
  testTransport(layered(makePair, layers), { name: `${names} over ${name}` });
}
