import { testTransport } from "../../../testing/test_transport.ts";
import { both, pairOnLayers } from "../../support/pairs/layer_pairs.ts";
import {
  borrowingIdentity,
  framing,
  identity,
  passThrough,
} from "../../support/pairs/sample_layers.ts";
import { sampled } from "../../support/runs/sampled.ts";

const PAIRS = [
  ["memory", passThrough],
  ["TCP", passThrough],
  ["memory", identity],
  ["memory", borrowingIdentity],
  ["TCP", framing],
] as const;

for (const [carrier, make] of PAIRS) {
  const name = `${make.name} over ${carrier}`;
  const isFirst = carrier === "memory" && make === passThrough;
  testTransport(pairOnLayers(carrier, [both(make())]), isFirst ? { name } : sampled(name));
}
