import { assertEquals } from "@std/assert";

import plugin from "../../tools/lint_plugin.ts";

/** The rules that find fault with a source at a place of the project. */
function faults(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, `/${path}`, source).map((fault) => fault.id);
}

const FAULTS: [string, string, string, string[]][] = [
  ["protocols may not name Deno", "protocols/a.ts", "Deno.listen({ port: 0 });", ["no-platform"]],
  ["streams may not name a type of Deno", "streams/a.ts", "let a: Deno.Conn;", ["no-platform"]],
  [
    "mod.ts may not reach Deno over globalThis",
    "mod.ts",
    "export * from './a/mod.ts'; globalThis.Deno;",
    ["barrel", "no-platform"],
  ],
  ["transports may name Deno", "transports/a.ts", "Deno.listen({ port: 0 });", []],
  ["testing may name Deno", "testing/a.ts", "Deno.test;", []],
  ["a comment and a text may name Deno", "protocols/a.ts", "// Deno.listen\nlet a = 'Deno.x';", []],
  ["a library may not print", "transports/a.ts", "console.log(1);", ["no-console"]],
  ["tools and examples may print", "examples/a.ts", "console.log(1);", []],
  [
    "a barrel may re-export",
    "streams/mod.ts",
    "export * from './a.ts';\nexport type { B } from './b.ts';",
    [],
  ],
  ["a barrel may not hold code", "streams/mod.ts", "export const a = 1;", ["barrel"]],
  [
    "a barrel may not export what it imports",
    "streams/mod.ts",
    "import { a } from './a.ts';\nexport { a };",
    ["barrel", "barrel"],
  ],
  [
    "the private keyword is not used",
    "protocols/a.ts",
    "class A { private a = 1; private b() {} }",
    ["hash-private", "hash-private"],
  ],
  ["members do not start with an underscore", "protocols/a.ts", "class A { _a = 1; }", [
    "hash-private",
  ]],
  [
    "members may be #private and protected",
    "protocols/a.ts",
    "class A { #a = 1; protected b = 2; }",
    [],
  ],
  [
    "a library sets no bare timers",
    "streams/a.ts",
    "setTimeout(f, 1); globalThis.setInterval(f);",
    [
      "timers",
      "timers",
    ],
  ],
  ["nor by a signal", "transports/a.ts", "AbortSignal.timeout(1);", ["timers"]],
  [
    "nor by @std/async",
    "transports/a.ts",
    'import { abortable, deadline, delay as wait } from "@std/async";',
    ["timers", "timers"],
  ],
  [
    "a clock of one's own may",
    "transports/a.ts",
    "clock.setTimeout(f, 1); AbortSignal.any([]);",
    [],
  ],
  ["tests may set timers", "tests/a.ts", "setTimeout(f, 1);", []],
  ["an error text starts with a capital", "protocols/a.ts", "new Error('cannot');", ["error-text"]],
  ["an error text ends without a full stop", "protocols/a.ts", "new TypeError(`Cannot ${1}.`);", [
    "error-text",
  ]],
  ["an error text holds no contraction", "protocols/a.ts", 'new Error("Can\'t");', ["error-text"]],
  ["an error text may start with a value", "protocols/a.ts", "new Error(`${1} is bad`);", []],
  ["an error text may come from elsewhere", "protocols/a.ts", "new Error(text);", []],
  ["bytes are not copied with slice()", "streams/a.ts", "f((a: Uint8Array) => a.slice(1));", [
    "copy-of",
  ]],
  [
    "what may be bytes is not either",
    "streams/a.ts",
    "b.slice(1);\nc.d().slice();\nthis.e.slice();",
    [
      "copy-of",
      "copy-of",
      "copy-of",
    ],
  ],
  [
    "bytes that came from a list are bytes",
    "streams/a.ts",
    "const a = Uint8Array.from(b);\na.slice();",
    [
      "copy-of",
    ],
  ],
  [
    "text in one place may be bytes in another",
    "streams/a.ts",
    "let a = 'x';\nf((a: Bytes) => a.slice());",
    [
      "copy-of",
    ],
  ],
  [
    "text and lists may be cut with slice()",
    "streams/a.ts",
    "const a = 'x';\na.slice(1);\nf((b: string, c: readonly number[]) => [b.slice(), c.slice()]);\n" +
    "class A { #d: string[] = []; e() { this.#d.slice(1); } }\ng().toString().slice(1);",
    [],
  ],
  ["a function has at most 50 lines", "protocols/a.ts", `function a() {${"\n".repeat(49)}}`, []],
  ["a longer function is too long", "protocols/a.ts", `function a() {${"\n".repeat(50)}}`, [
    "size",
  ]],
  ["a longer method is too long", "protocols/a.ts", `class A { a() {${"\n".repeat(50)}} }`, [
    "size",
  ]],
  ["a file has at most 500 lines", "protocols/a.ts", "a;\n".repeat(500), []],
  ["a longer file is too long", "protocols/a.ts", "a;\n".repeat(501), ["size"]],
  ["a test file may be longer", "tests/a_test.ts", "a;\n".repeat(501), []],
  ["a file name is in snake_case", "examples/echoServer.ts", "1;", ["file-name"]],
  ["a file name says what the file holds", "tools/utils.ts", "1;", ["file-name"]],
  ["a file name may start with an underscore", "streams/_line_buffer.ts", "1;", []],
];

for (const [rule, path, source, expected] of FAULTS) {
  Deno.test(`deno lint knows that ${rule}`, () => {
    assertEquals(faults(path, source).toSorted(), expected.map((id) => `sluice/${id}`));
  });
}

Deno.test("deno lint takes the place of a file from the root of the project", () => {
  const path = new URL("../../protocols/a.ts", import.meta.url).pathname;
  const found = Deno.lint.runPlugin(plugin, path, "Deno.exit();");
  assertEquals(found.map((fault) => fault.id), ["sluice/no-platform"]);
});
