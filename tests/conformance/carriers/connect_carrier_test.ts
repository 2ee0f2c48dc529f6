import { testTransport } from "../../../testing/test_transport.ts";
import {
  generatorPair,
  generatorPairWithoutHalfClose,
} from "../../support/pairs/generator_pair.ts";

testTransport(generatorPair, { name: "generator" });
testTransport(generatorPairWithoutHalfClose, {
  name: "generator without half-close",
  gaps: ["halfClose"],
});
