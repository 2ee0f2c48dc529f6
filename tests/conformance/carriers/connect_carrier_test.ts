import { testTransport } from "../../../testing/test_transport.ts";
import {
  generatorPair,
  generatorPairWithoutHalfClose,
  splittingPair,
} from "../../support/pairs/generator_pair.ts";

testTransport(generatorPair, { name: "generator" });
testTransport(generatorPairWithoutHalfClose, {
  name: "generator without half-close",
  gaps: ["halfClose"],
});
testTransport(splittingPair, { name: "one byte at a time" });
