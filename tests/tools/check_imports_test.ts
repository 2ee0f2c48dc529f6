import { assertEquals } from "@std/assert";

import { checkImports } from "../../tools/check_imports.ts";
import { makeTree } from "./temporary_tree.ts";

/** A small project in which every import is as it should be. */
const SOUND: Record<string, string> = {
  "deno.json": JSON.stringify({
    name: "@sluice/net",
    version: "0.1.0",
    exports: { ".": "./mod.ts", "./streams": "./streams/mod.ts" },
  }),
  "mod.ts": 'export * from "./protocols/protocol.ts";\nexport * from "./streams/reader.ts";',
  "protocols/mod.ts": 'export * from "./protocol.ts";',
  "protocols/protocol.ts": 'import { size } from "./_size.ts";\nexport const protocol = size;',
  "protocols/_size.ts": "export const size = 1;",
  "transports/mod.ts": 'export * from "./transport.ts";',
  "transports/transport.ts":
    'import type { protocol } from "../protocols/protocol.ts";\nimport "node:net";\nexport type Transport = typeof protocol;',
  "streams/mod.ts": 'export * from "./reader.ts";',
  "streams/reader.ts":
    'import type { Transport } from "../transports/transport.ts";\nexport type Reader = Transport;',
  "testing/pair.ts":
    'import { protocol } from "../protocols/protocol.ts";\nexport const pair = protocol;',
  "tests/size_test.ts": 'import "../protocols/_size.ts";\nimport "@sluice/net";',
  "examples/echo.ts": 'import "@sluice/net";\nimport "node:fs";',
};

/** The findings of the check in the sound project with these files instead of its own. */
async function check(files: Record<string, string>): Promise<string[]> {
  await using tree = await makeTree({ ...SOUND, ...files });
  return await checkImports(tree.root);
}

Deno.test("checkImports() finds nothing wrong with a sound project", async () => {
  assertEquals(await check({}), []);
});

const FAULTS: [string, Record<string, string>, string[]][] = [
  [
    "protocols that import transports, for a type only",
    { "protocols/a.ts": '\nimport type { Transport } from "../transports/transport.ts";' },
    ["protocols/a.ts:2 imports transports/transport.ts: protocols may not"],
  ],
  [
    "an import type in the middle of a line",
    { "protocols/a.ts": 'export type A = import("../streams/reader.ts").Reader;' },
    ["protocols/a.ts:1 imports streams/reader.ts: protocols may not"],
  ],
  [
    "a dynamic import",
    { "transports/a.ts": 'export const a = () => import("../streams/reader.ts");' },
    ["transports/a.ts:1 imports streams/reader.ts: transports may not"],
  ],
  [
    "protocols that import a package",
    { "protocols/a.ts": 'import "jsr:@std/async@1/delay";' },
    ["protocols/a.ts:1 imports jsr:@std/async@1/delay: protocols may not"],
  ],
  [
    "streams that import a module of Node",
    { "streams/a.ts": 'import "node:net";' },
    ["streams/a.ts:1 imports node:net: streams may not"],
  ],
  [
    "streams that import testing",
    { "streams/a.ts": 'import "../testing/pair.ts";' },
    ["streams/a.ts:1 imports testing/pair.ts: streams may not"],
  ],
  [
    "a published file that imports one that is not",
    { "testing/a.ts": 'import "../tests/size_test.ts";' },
    ["testing/a.ts:1 imports tests/size_test.ts: testing may not"],
  ],
  [
    "a module from the web",
    { "streams/a.ts": 'import "https://127.0.0.1:1/a.ts";' },
    ["streams/a.ts:1 imports https://127.0.0.1:1/a.ts: streams may not"],
  ],
  [
    "a barrel that is imported by its path",
    { "streams/a.ts": 'import "../protocols/mod.ts";' },
    ["streams/a.ts:1 imports protocols/mod.ts: import the file that has the name"],
  ],
  [
    "a barrel that is imported by the published name",
    { "testing/a.ts": 'import "@sluice/net/streams";' },
    ["testing/a.ts:1 imports streams/mod.ts: import the file that has the name"],
  ],
  [
    "the mod.ts of the root that loads a whole folder",
    { "mod.ts": 'export * from "./protocols/mod.ts";' },
    ["mod.ts:1 imports protocols/mod.ts: import the file that has the name"],
  ],
  [
    "an internal file that another folder imports",
    { "transports/a.ts": 'import "../protocols/_size.ts";' },
    ["transports/a.ts:1 imports protocols/_size.ts, which is internal to its folder"],
  ],
  [
    "an internal file that a folder inside its own imports",
    { "transports/tls/_size.ts": "", "transports/tls/inner/a.ts": 'import "../_size.ts";' },
    [],
  ],
  [
    "an internal file that an example imports",
    { "examples/a.ts": 'import "../protocols/_size.ts";' },
    ["examples/a.ts:1 imports protocols/_size.ts, which is internal to its folder"],
  ],
  [
    "a folder of transports that imports from a higher level, for a type only",
    {
      "transports/servers/server.ts": "export type Server = 1;",
      "transports/core/a.ts": 'import type { Server } from "../servers/server.ts";',
    },
    [
      "transports/core/a.ts:1 imports transports/servers/server.ts: it is not on a lower level than core",
    ],
  ],
  [
    "two folders on the same level, but not what is inside one of them",
    {
      "transports/layers/proxy/address.ts": "",
      "transports/layers/proxy.ts": 'import "./proxy/address.ts";',
      "transports/carriers/a.ts": 'import "../layers/proxy.ts";',
    },
    [
      "transports/carriers/a.ts:1 imports transports/layers/proxy.ts: it is not on a lower level than carriers",
    ],
  ],
  [
    "nothing when imports go down",
    {
      "transports/core/read/a.ts": 'import "../c.ts";',
      "transports/core/c.ts": "",
      "transports/core/b.ts": 'import "./read/a.ts";',
      "transports/networks/c.ts": 'import "../core/b.ts";\nimport "../core/read/a.ts";',
      "transports/d.ts": 'import "./networks/c.ts";',
    },
    [],
  ],
  [
    "nothing when a barrel passes on the barrel of a folder inside its own",
    {
      "transports/layers/mod.ts": 'export * from "./a.ts";',
      "transports/layers/a.ts": "export const a = 1;",
      "transports/mod.ts": 'export * from "./layers/mod.ts";',
    },
    [],
  ],
  [
    "a cycle outside of the published folders",
    { "bench/a.ts": 'import "./b.ts";', "bench/b.ts": 'import type { A } from "./a.ts";' },
    ["A cycle of imports: bench/a.ts -> bench/b.ts -> bench/a.ts"],
  ],
  [
    "a file that imports itself",
    { "streams/a.ts": 'import "./a.ts";' },
    ["A cycle of imports: streams/a.ts -> streams/a.ts"],
  ],
  [
    "a cycle of two, one way for a type only",
    {
      "streams/b.ts": 'import "./a.ts";',
      "streams/a.ts": 'import type { B } from "./b.ts";',
    },
    ["A cycle of imports: streams/a.ts -> streams/b.ts -> streams/a.ts"],
  ],
  [
    "two cycles, each once",
    {
      "streams/a.ts": 'import "./b.ts";',
      "streams/b.ts": 'import "./c.ts";',
      "streams/c.ts": 'import "./a.ts";\nimport "./d.ts";',
      "streams/d.ts": 'import "./c.ts";',
    },
    [
      "A cycle of imports: streams/a.ts -> streams/b.ts -> streams/c.ts -> streams/a.ts",
      "A cycle of imports: streams/c.ts -> streams/d.ts -> streams/c.ts",
    ],
  ],
  [
    "a cycle that goes over a barrel",
    { "streams/reader.ts": 'import "./mod.ts";' },
    [
      "A cycle of imports: streams/mod.ts -> streams/reader.ts -> streams/mod.ts",
      "streams/reader.ts:1 imports streams/mod.ts: import the file that has the name",
    ],
  ],
];

for (const [what, files, expected] of FAULTS) {
  Deno.test(`checkImports() reports ${what}`, async () => {
    assertEquals(await check(files), expected);
  });
}

Deno.test("checkImports() reports a file that is missing or cannot be read", async () => {
  const [missing, broken, ...more] = await check({
    "streams/a.ts": 'import "./gone.ts";',
    "streams/b.ts": "import {",
  });
  assertEquals(missing?.startsWith("streams/b.ts: "), true, missing);
  assertEquals(broken?.startsWith("streams/gone.ts: "), true, broken);
  assertEquals(more, []);
});
