import { DecompressionError } from "../../protocols/errors.ts";
import { Random } from "../../testing/conformance/random.ts";
import type { MakeTransportPair, TransportGap } from "../../testing/make_transport_pair.ts";
import { testTransport } from "../../testing/test_transport.ts";
import { Capture } from "../../transports/layers/capture.ts";
import { compression } from "../../transports/layers/compression.ts";
import { counters } from "../../transports/layers/counters.ts";
import { idleTimeout } from "../../transports/layers/idle_timeout.ts";
import { logging } from "../../transports/layers/logging.ts";
import { minimumRate } from "../../transports/layers/minimum_rate.ts";
import { proxyProtocol, sendProxyProtocol } from "../../transports/layers/proxy_protocol.ts";
import { throttle } from "../../transports/layers/throttle.ts";
import { writeStallTimeout } from "../../transports/layers/write_stall_timeout.ts";
import {
  both,
  doubling,
  framing,
  layeredPair,
  type LayerEnds,
} from "../transports/layers/layer_pairs.ts";

const HOUR = 3_600_000;

const LAYERS: Record<string, () => LayerEnds> = {
  "logging": () => both(logging({ format: "hex", maxBytes: 32, sink: () => {} })),
  "capture": () => both(new Capture(() => {}).layer),
  // Stores what it is given: what shrinks to nothing is another test's matter.
  "gzip": () => both(compression({ format: "gzip", level: 0 })),
  "throttle": () => both(throttle({ send: { rate: 1e9 }, receive: { rate: 1e9 } })),
  "idleTimeout": () => both(idleTimeout({ timeout: HOUR })),
  "writeStallTimeout": () => both(writeStallTimeout({ timeout: HOUR })),
  "minimumRate": () => both(minimumRate({ rate: 1, window: HOUR })),
  "counters": () => both(counters()),
  "proxyProtocol": () => ({ a: sendProxyProtocol({ version: 2 }), b: proxyProtocol() }),
};

/**
 * The zeros that the battery sends to a peer that does not read become next to nothing: in memory, where there is little room
 * below, it comes to an end.
 */
const SHRINKING: Record<string, () => LayerEnds> = {
  "zstd": () => both(compression({ format: "zstd", maxRatio: 1e9 })),
  "brotli": () => both(compression({ format: "brotli", level: 1, maxRatio: 1e9 })),
};

/** Those made here hold bytes back, and make more of them. */
const STACKED: Record<string, () => LayerEnds> = {
  ...LAYERS,
  ...SHRINKING,
  "deflate": () => both(compression({ format: "deflate", level: 0 })),
  "sendProxyProtocol": () => ({ a: sendProxyProtocol({ version: 1 }), b: proxyProtocol() }),
  "doubling": () => both(doubling()),
  "framing": () => both(framing()),
};

/** Here the end that writes the header may give up before it is sent, so that the other end never comes about. */
const WITHOUT_HEADER = [
  "abort() inside connectionMade() is followed by connectionLost(null) alone",
  "An exception in connectionMade() is reported once and ends the connection with it",
  "getBuffer() that gives an empty buffer ends the connection with InvalidStateError",
  "An exception in getBuffer() is reported once and ends the connection with it",
];

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

function testStack(carrier: "memory" | "TCP", names: readonly string[]): void {
  const ends = names.flatMap((name) => STACKED[name]?.() ?? []);
  const gaps: TransportGap[] = names.some((name) => name in SHRINKING) ? ["backPressure"] : [];
  const isHeaderNeeded = names.some((name) => /proxy/i.test(name));
  testTransport(unlessTruncated(layeredPair(carrier, ends)), {
    name: `${names.join(", ")} over ${carrier}`,
    gaps,
    test: (name, run) => {
      const isWithout = WITHOUT_HEADER.some((one) => name.endsWith(one));
      if (!isHeaderNeeded || !isWithout) Deno.test(name, run);
    },
  });
}

for (const name of Object.keys(LAYERS)) {
  testStack("memory", [name]);
  testStack("TCP", [name]);
}
testStack("memory", ["zstd"]);

// Each layer is in one stack, over one of the carriers.
const random = new Random(12);
const left = Object.keys(STACKED);
for (let count = 0; left.length > 0; count++) {
  const stack = [0, 1, 2].flatMap(() => left.splice(random.below(left.length), 1));
  const isShrinking = stack.some((name) => name in SHRINKING);
  testStack(isShrinking || count % 2 === 0 ? "memory" : "TCP", stack);
}
