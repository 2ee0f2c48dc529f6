import { testTransport } from "../../../testing/test_transport.ts";
import {
  borrowingIdentity,
  both,
  framing,
  identity,
  layeredPair,
  passThrough,
} from "../../support/pairs/layer_pairs.ts";

const PAIRS = [
  ["memory", passThrough],
  ["TCP", passThrough],
  ["memory", identity],
  ["memory", borrowingIdentity],
  ["TCP", framing],
] as const;

for (const [carrier, make] of PAIRS) {
  testTransport(layeredPair(carrier, [both(make())]), { name: `${make.name} over ${carrier}` });
}
