import { assertEquals } from "@std/assert";
import { findOptionsSummaries, findPhrases, findWideComments } from "../../tools/check_words.ts";

/** The phrases that are found in a text. */
function phrasesOf(path: string, text: string): string[] {
  return findPhrases(path, text).map(({ phrase }) => phrase);
}

const FOUND: [text: string, phrase: string][] = [
  ["Nobody reads it.", "Nobody"],
  ["It goes to whoever asks.", "whoever"],
  ["Bytes that come behind the request.", "behind"],
  ["The name stands in the file.", ""],
  ["The name stands at its top.", "stands"],
  ["A string in the place of bytes.", "in the place of"],
  ["It works. What is queued is sent.", "What is queued is sent."],
  ["Who writes on is stopped.", "Who writes on is stopped."],
  ["The end of what was written.", "of what was"],
  ["A codec sees to that.", "sees to that"],
];

Deno.test("findPhrases() finds phrases that are not plain, in prose and in comments", () => {
  for (const [text, phrase] of FOUND) {
    const expected = phrase === "" ? [] : [phrase];
    assertEquals(phrasesOf("page.md", text), expected, text);
    assertEquals(phrasesOf("code.ts", `/** ${text} */\nconst a = 1;`), expected, text);
    assertEquals(phrasesOf("code.ts", `const a = 1; // ${text}\n`), expected, text);
  }
});

Deno.test("findPhrases() accepts plain phrases", () => {
  for (
    const text of [
      "Who reads it?",
      "What is a codec? It finds messages.",
      "A client behind a proxy, and a server behind HAProxy.",
      "It leaves nothing behind.",
      "A stand-in stands in for the package; the letters stand for a name.",
      "After the request, instead of the place.",
    ]
  ) assertEquals(phrasesOf("page.md", text), [], text);
});

Deno.test("findPhrases() finds the comments after an expression with quotes in it", () => {
  const text = "const NAME = /^['`\"]+$/; // told to nobody\n";
  assertEquals(findPhrases("a.ts", text).map(({ phrase }) => phrase), ["nobody"]);
});

Deno.test("findPhrases() looks for single words only in files that are not published", () => {
  const text = "// What is missing is told to nobody.\n";
  assertEquals(findPhrases("a_test.ts", text, false).map(({ phrase }) => phrase), ["nobody"]);
});

Deno.test("findPhrases() leaves out code, names and addresses", () => {
  assertEquals(
    phrasesOf("code.ts", 'const nobody = "nobody"; // `nobody`, {@linkcode nobody}'),
    [],
  );
  assertEquals(phrasesOf("page.md", "```sh\necho nobody\n```\n[nobody](behind.md) `behind`"), [
    "nobody",
  ]);
});

Deno.test("findPhrases() finds phrases in the comments of an example on a page, with the line", () => {
  const page = "One.\n\n```ts\nconst nobody = 1;\n// Nobody reads.\n```\n";
  assertEquals(findPhrases("page.md", page).map(({ line, phrase }) => [line, phrase]), [
    [5, "Nobody"],
  ]);
});

Deno.test("findWideComments() finds comments beyond 100 columns, but no code, table or address", () => {
  const wide = "word ".repeat(20) + "end";
  const lines = [
    `/** ${wide} */`,
    "/**",
    ` * ${wide}`,
    ` * | ${wide} |`,
    ` * https://example.test/${"a".repeat(100)}`,
    " * ```ts",
    ` * ${wide}`,
    " * ```",
    " */",
    `const text = "${wide}";`,
    `  // ${wide}`,
    `  // ${"word ".repeat(18)}end`,
  ];
  assertEquals(findWideComments(lines.join("\n")).map(({ line }) => line), [1, 3, 11]);
});

Deno.test("findOptionsSummaries() finds options types whose summary begins in another way", () => {
  const text = [
    "/** Options for {@linkcode open}. */",
    "export interface OpenOptions {}",
    "/**",
    " * How to close.",
    " */",
    "export type CloseOptions = object;",
    "/** How to wait. */",
    "export interface WaitOptions {}",
  ].join("\n");
  assertEquals(findOptionsSummaries(text).map(({ line, phrase }) => [line, phrase]), [
    [3, "How to close."],
    [7, "How to wait."],
  ]);
});
