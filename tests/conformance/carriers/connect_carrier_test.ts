import { testTransport } from "../../../testing/test_transport.ts";
import {
  generatorPair,
  generatorPairWithoutHalfClose,
  splittingPair,
} from "../../support/pairs/generator_pair.ts";
import { sampled } from "../../support/runs/sampled.ts";

testTransport(generatorPair, { name: "generator" });
testTransport(generatorPairWithoutHalfClose, {
  ...sampled("generator without half-close"),
  gaps: ["halfClose"],
});
testTransport(splittingPair, sampled("one byte at a time"));
