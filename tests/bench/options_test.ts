import { assertEquals, assertThrows } from "@std/assert";
import { parseOptions } from "../../bench/harness/options.ts";

const KNOWN = { servers: ["raw", "node", "node-net", "bun"], scenarios: ["a", "b", "lines-b"] };

function parse(...args: string[]): ReturnType<typeof parseOptions> {
  return parseOptions(args, KNOWN);
}

Deno.test("parseOptions() fills in the defaults", () => {
  assertEquals(parse(), {
    only: [],
    scenarios: [],
    rounds: 3,
    windowMs: 1000,
    warmupMs: 500,
    quick: false,
    json: null,
    check: false,
    baseline: null,
    pictures: false,
    load: null,
    list: false,
    help: false,
  });
});

Deno.test("parseOptions() shortens everything with --quick, but not what is asked for", () => {
  const { rounds, windowMs, warmupMs } = parse("--quick");
  assertEquals({ rounds, windowMs, warmupMs }, { rounds: 1, windowMs: 150, warmupMs: 250 });
  assertEquals(parse("--quick", "--rounds", "2").rounds, 2);
});

Deno.test("parseOptions() takes values behind a space and behind an equals sign", () => {
  assertEquals(parse("--json", "-", "--rounds=7").json, "-");
  assertEquals(parse("--json=a=b").json, "a=b");
});

Deno.test("parseOptions() puts chosen names into the order of the catalogue, each once", () => {
  assertEquals(parse("--only", "bun, raw,bun").only, ["raw", "bun"]);
  assertEquals(parse("--scenario", "lines-b,a").scenarios, ["a", "lines-b"]);
});

Deno.test("parseOptions() takes all names that begin alike for a star", () => {
  assertEquals(parse("--only", "node*").only, ["node", "node-net"]);
  assertEquals(parse("--only", "node").only, ["node"]);
});

Deno.test("parseOptions() throws a TypeError that names what is unknown and what is known", () => {
  assertThrows(() => parse("--only", "perl"), TypeError, "server perl: known are raw, node");
  assertThrows(() => parse("--only", "x*"), TypeError, "known are");
  assertThrows(() => parse("--scenario", "z"), TypeError, "scenario z: known are a, b");
  assertThrows(() => parse("--only", ","), TypeError, "no name");
  assertThrows(() => parse("--speed"), TypeError, "--speed is unknown");
  assertThrows(() => parse("b"), TypeError, "b is unknown");
  assertThrows(() => parse("--json"), TypeError, "--json has no value");
  assertThrows(() => parse("--load", "rust"), TypeError, "expected c or deno");
});

Deno.test("parseOptions() throws a RangeError for rounds and windows out of range", () => {
  for (const value of ["0", "-1", "1.5", "many", "101", ""]) {
    assertThrows(() => parse("--rounds", value), RangeError, `value is ${value}`);
  }
  assertThrows(() => parse("--window", "60001"), RangeError);
});

Deno.test("parseOptions() refuses a check that could show no noise", () => {
  assertEquals(parse("--check").rounds, 5);
  assertEquals(parse("--check", "--rounds", "3").rounds, 3);
  assertThrows(() => parse("--check", "--rounds", "2"), RangeError, "at least 3");
  assertThrows(() => parse("--check", "--quick"), TypeError, "Cannot check");
});
