import { DecompressionError } from "../../../protocols/errors.ts";
import { Random } from "../../../testing/conformance/random.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { testTransport } from "../../../testing/test_transport.ts";
import { compression } from "../../../transports/layers/compression.ts";
import { counters } from "../../../transports/layers/counters.ts";
import { idleTimeout } from "../../../transports/layers/idle_timeout.ts";
import { logging } from "../../../transports/layers/logging.ts";
import { minimumRate } from "../../../transports/layers/minimum_rate.ts";
import { throttle } from "../../../transports/layers/throttle.ts";
import { writeStallTimeout } from "../../../transports/layers/write_stall_timeout.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { tcpPair } from "../../conformance/transport_pairs.ts";
import { layered } from "./layer_pairs.ts";

const HOUR = 3_600_000;

const LAYERS = {
  "logging": () => logging({ format: "hex", maxBytes: 32, sink: () => {} }),
  // Stores what it is given: what shrinks to nothing is another test's matter.
  "compression": () => compression({ format: "gzip", level: 0 }),
  "throttle": () => throttle({ send: { rate: 1e9 }, receive: { rate: 1e9 } }),
  "idleTimeout": () => idleTimeout({ timeout: HOUR }),
  "writeStallTimeout": () => writeStallTimeout({ timeout: HOUR }),
  "minimumRate": () => minimumRate({ rate: 1, window: HOUR }),
  "counters": () => counters(),
};

/** A peer that aborts truncates the compressed stream: that is reported, rightly, though no callback threw. */
function unlessTruncated(makePair: MakeTransportPair): MakeTransportPair {
  return (factoryA, factoryB, options) =>
    makePair(factoryA, factoryB, {
      ...options,
      onError: (error, context) => {
        if (!(error instanceof DecompressionError)) options.onError?.(error, context);
      },
    });
}

for (const [name, make] of Object.entries(LAYERS)) {
  testTransport(unlessTruncated(layered(memoryTransportPair, [make()])), { name });
}

testTransport(
  unlessTruncated(layered(memoryTransportPair, [compression({ format: "zstd", maxRatio: 1e9 })])),
  // The zeros that are sent for that become next to nothing.
  { name: "compression that shrinks", gaps: ["backPressure"] },
);

const carriers = { memory: memoryTransportPair, TCP: tcpPair };
const random = new Random(11);
for (const [carrier, makePair] of Object.entries(carriers)) {
  const names = Object.keys(LAYERS) as (keyof typeof LAYERS)[];
  const stack = [0, 1, 2].flatMap(() => names.splice(random.below(names.length), 1));
  testTransport(unlessTruncated(layered(makePair, stack.map((name) => LAYERS[name]()))), {
    name: `${stack.join(", ")} over ${carrier}`,
  });
}
