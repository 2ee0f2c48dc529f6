import { testTransport } from "../../../testing/test_transport.ts";
import { both, pairOnLayers } from "../../support/pairs/layer_pairs.ts";
import {
  borrowingIdentity,
  framing,
  identity,
  passThrough,
} from "../../support/pairs/sample_layers.ts";

const PAIRS = [
  ["memory", passThrough],
  ["TCP", passThrough],
  ["memory", identity],
  ["memory", borrowingIdentity],
  ["TCP", framing],
] as const;

for (const [carrier, make] of PAIRS) {
  testTransport(pairOnLayers(carrier, [both(make())]), { name: `${make.name} over ${carrier}` });
}
