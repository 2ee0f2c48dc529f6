import { assert } from "@std/assert";
import { DecompressionError } from "../../../protocols/errors.ts";
import { Random } from "../../../testing/conformance/random.ts";
import type { MakeTransportPair, TransportGap } from "../../../testing/make_transport_pair.ts";
import { testTransport } from "../../../testing/test_transport.ts";
import { Capture } from "../../../transports/layers/capture/capture.ts";
import { compression } from "../../../transports/layers/compression.ts";
import { counters } from "../../../transports/layers/counters.ts";
import { idleTimeout } from "../../../transports/layers/idle_timeout.ts";
import { logging } from "../../../transports/layers/logging.ts";
import { minimumRate } from "../../../transports/layers/minimum_rate.ts";
import {
  proxyProtocol,
  sendProxyProtocol,
} from "../../../transports/layers/proxy/proxy_protocol.ts";
import { throttle } from "../../../transports/layers/throttle.ts";
import { writeStallTimeout } from "../../../transports/layers/write_stall_timeout.ts";
import { tlsLayer } from "../../../transports/tls/tls_layer.ts";
import { isLongRun } from "../../support/runs/long_run.ts";
import { both, type LayerEnds, pairOnLayers } from "../../support/pairs/layer_pairs.ts";
import { doubling, framing } from "../../support/pairs/sample_layers.ts";
import { localhost, trusting } from "../../support/certificates/certificates.ts";
import { sampled } from "../../support/runs/sampled.ts";

const HOUR = 3_600_000;

const LAYERS: Record<string, () => LayerEnds> = {
  "logging": () => both(logging({ format: "hex", maxBytes: 32, sink: () => {} })),
  "capture": () => both(new Capture(() => {}).layer),
  // These three store what they are given: what shrinks to nothing is another matter, see below.
  "gzip": () => both(compression({ format: "gzip", level: 0 })),
  "deflate": () => both(compression({ format: "deflate", level: 0 })),
  "deflate-raw": () => both(compression({ format: "deflate-raw", level: 0 })),
  "throttle": () => both(throttle({ send: { rate: 1e9 }, receive: { rate: 1e9 } })),
  "idleTimeout": () => both(idleTimeout({ timeout: HOUR })),
  "writeStallTimeout": () => both(writeStallTimeout({ timeout: HOUR })),
  "minimumRate": () => both(minimumRate({ rate: 1, window: HOUR })),
  "counters": () => both(counters()),
  "proxyProtocol": () => ({ a: sendProxyProtocol({ version: 2 }), b: proxyProtocol() }),
};

/**
 * The zeros that the battery sends to a peer that does not read become next to nothing, so that it
 * never has to wait.
 */
const SHRINKING: Record<string, () => LayerEnds> = {
  "zstd": () => both(compression({ format: "zstd", maxRatio: 1e9 })),
  "brotli": () => both(compression({ format: "brotli", level: 1, maxRatio: 1e9 })),
};

/** Those made here hold bytes back, and make more of them. */
const STACKED: Record<string, () => LayerEnds> = {
  ...LAYERS,
  ...SHRINKING,
  "sendProxyProtocol": () => ({ a: sendProxyProtocol({ version: 1 }), b: proxyProtocol() }),
  "doubling": () => both(doubling()),
  "framing": () => both(framing()),
  "tls": () => ({ a: tlsLayer(trusting), b: tlsLayer({ ...localhost, serverSide: true }) }),
};

/**
 * Here the end that writes the header, or the last of a handshake, may give up before it is sent,
 * so that the other end never comes about.
 */
const WITHOUT_HEADER = [
  "abort() inside connectionMade() is followed by connectionLost(null) alone",
  "An exception in connectionMade() is reported once and ends the connection with it",
  "An empty buffer of getBuffer() ends the connection with InvalidStateError",
  "An exception in getBuffer() is reported once and ends the connection with it",
];

/**
 * Zeros for a peer that does not take them: sockets have room for so many that shrank that it takes
 * forever.
 */
const WITHOUT_ROOM = "After close() nothing is received any more, not even the end of data";

/** The cases that the batteries have. */
const offered: string[] = [];

Deno.test("Every case that is left out is one of a battery", () => {
  for (const left of [...WITHOUT_HEADER, WITHOUT_ROOM]) {
    assert(offered.some((name) => name.endsWith(left)), left);
  }
});

/**
 * A peer that aborts truncates the compressed stream: that is reported, rightly, though no callback
 * threw.
 */
function unlessTruncated(makePair: MakeTransportPair): MakeTransportPair {
  return (factoryA, factoryB, options) =>
    makePair(factoryA, factoryB, {
      ...options,
      onError: (error, context) => {
        if (!(error instanceof DecompressionError)) options.onError?.(error, context);
      },
    });
}

/** Whether zeros shrink in a stack: what is encrypted before does not. */
function shrinks(names: readonly string[]): boolean {
  return names.slice(names.lastIndexOf("tls") + 1).some((name) => name in SHRINKING);
}

function testStack(carrier: "memory" | "TCP", names: readonly string[], note = ""): void {
  const ends = names.flatMap((name) => STACKED[name]?.() ?? []);
  const isShrinking = shrinks(names);
  const gaps: TransportGap[] = isShrinking ? ["backPressure"] : [];
  const leftOut = [
    ...(names.some((name) => /proxy|tls/i.test(name)) ? WITHOUT_HEADER : []),
    ...(isShrinking && carrier === "TCP" ? [WITHOUT_ROOM] : []),
  ];
  const { name, test } = sampled(`${names.join(", ")} over ${carrier}${note}`);
  testTransport(unlessTruncated(pairOnLayers(carrier, ends)), {
    name,
    gaps,
    test: (name, run) => {
      offered.push(name);
      if (!leftOut.some((one) => name.endsWith(one))) test(name, run);
    },
  });
}

/** Another format of the same layer is a battery of its own in the long run only. */
const SAME_MECHANISM = ["deflate", "deflate-raw", "brotli"];
/**
 * These look at the bytes and pass them on: together but in the long run, where each is alone too.
 */
const OBSERVING = ["logging", "idleTimeout", "writeStallTimeout", "minimumRate", "counters"];

testStack("TCP", OBSERVING);
const single = [...Object.keys(LAYERS), ...Object.keys(SHRINKING)]
  .filter((name) => isLongRun || ![...SAME_MECHANISM, ...OBSERVING].includes(name));
for (const [index, name] of single.entries()) {
  const [one, other] = index % 2 === 0 ? ["memory", "TCP"] as const : ["TCP", "memory"] as const;
  testStack(one, [name]);
  if (isLongRun) testStack(other, [name]);
}

/**
 * Which layers make one stack, and in which order: `LAYER_STACKS_SEED=random` gives others each
 * time.
 */
const seed = readSeed(Deno.env.get("LAYER_STACKS_SEED") ?? "14");

function readSeed(text: string): number {
  if (text === "random") return Math.floor(Math.random() * 1_000_000);
  if (/^\d+$/.test(text)) return Number(text);
  throw new TypeError(`Cannot read LAYER_STACKS_SEED=${text}: not a whole number, nor "random"`);
}

// Two stacks of three; in the long run as many as it takes for each layer to be in one.
const random = new Random(seed);
const left = Object.keys(STACKED);
for (let count = 0; left.length > 0 && (isLongRun || count < 2); count++) {
  const stack = [0, 1, 2].flatMap(() => left.splice(random.below(left.length), 1));
  const carrier = shrinks(stack) || count % 2 === 0 ? "memory" : "TCP";
  testStack(carrier, stack, ` (LAYER_STACKS_SEED=${seed})`);
}
