import { assertEquals } from "@std/assert";
import { matchesGlob } from "../../../examples/redis/glob.ts";

const CASES: [pattern: string, matching: string[], other: string[]][] = [
  ["", [""], ["a"]],
  ["*", ["", "abc"], []],
  ["a", ["a"], ["", "ab", "b"]],
  ["h?llo", ["hello", "hallo"], ["hllo", "heello"]],
  ["h*llo", ["hllo", "heeeello"], ["hllx"]],
  ["h[ae]llo", ["hello", "hallo"], ["hillo"]],
  ["h[^e]llo", ["hallo"], ["hello"]],
  ["h[a-c]llo", ["hbllo"], ["hdllo"]],
  ["h[c-a]llo", ["hbllo"], ["hdllo"]],
  ["[a\\]]", ["a", "]"], ["\\"]],
  ["a\\*b", ["a*b"], ["axb"]],
  ["a\\", ["a\\"], ["a"]],
  ["*a*b*c", ["abc", "xaxbxc"], ["acb", "abcx"]],
  ["[ab", ["a", "b"], ["c", "["]],
];

for (const [pattern, matching, other] of CASES) {
  Deno.test(`matchesGlob() matches "${pattern}" as Redis does`, () => {
    for (const text of matching) assertEquals(matchesGlob(pattern, text), true, text);
    for (const text of other) assertEquals(matchesGlob(pattern, text), false, text);
  });
}

Deno.test("matchesGlob() does not backtrack exponentially for a pattern of many stars", () => {
  assertEquals(matchesGlob("*a".repeat(50) + "b", "a".repeat(5000)), false);
});
