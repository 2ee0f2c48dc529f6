import { assertEquals } from "@std/assert";
import { findUnknown } from "./known_names.ts";
import { compareNames, type Counterpart, readRows } from "./name_tables.ts";

const PAGE = `# A page

| \`Reader\` | here | difference |
| -------- | ---- | ---------- |
| \`read\`, \`read_all\` | \`StreamReader.read\` | takes \`WaitOptions.signal\` |
| \`close\` |  | |

| asyncio | here |
| ------- | ---- |
| \`sleep\` | \`delay\` of \`@std/async\` |
`;

Deno.test("readRows() finds owner, names and counterparts of each row", () => {
  assertEquals(readRows(PAGE), [
    {
      owner: "Reader",
      names: ["read", "read_all"],
      answer: "`StreamReader.read`",
      counterparts: [
        { text: "StreamReader.read", line: 5 },
        { text: "WaitOptions.signal", line: 5 },
      ],
      line: 5,
    },
    { owner: "Reader", names: ["close"], answer: "", counterparts: [], line: 6 },
    {
      owner: "asyncio",
      names: ["sleep"],
      answer: "`delay` of `@std/async`",
      counterparts: [{ text: "delay", module: "@std/async", line: 10 }],
      line: 10,
    },
  ]);
});

Deno.test("compareNames() reports missing, unknown, repeated and empty rows", () => {
  const recorded = { Reader: ["read", "close", "readline"], asyncio: ["sleep", "run"] };
  const twice = PAGE.replace("`read_all`", "`read_all`, `read`");
  assertEquals(compareNames(readRows(twice), recorded), [
    "no row for Reader readline",
    "Reader has no read_all",
    "two rows for Reader read",
    "line 6: nothing said",
    "no row for asyncio run",
  ]);
});

const KNOWN: [kind: string, text: string, module?: string][] = [
  ["a function", "openConnection"],
  ["a call", "new StreamReader(options)"],
  ["a type", "ConnectOptions"],
  ["a generic type", "Codec"],
  ["a method", "StreamReader.readline"],
  ["a static method", "StreamReader.from"],
  ["a field of a class", "StreamConnection.reader"],
  ["a member of an interface", "Transport.closed"],
  ["a member that an interface inherits", "OpenConnectionOptions.connectTimeout"],
  ["a member of a generic interface", "Connected.transport"],
  ["a global", "AbortSignal.timeout"],
  ["a member of a global", "ReadableStream.pipeTo"],
  ["a type of Deno", "Deno.Conn"],
  ["a member of a type of Deno", "Deno.Conn.read"],
  ["a generic type of the platform", "PromiseWithResolvers.resolve"],
  ["a function of a module", "delay", "@std/async"],
  ["a flag", "--allow-net"],
  ["a word of the language", "await using"],
];

const UNKNOWN: [kind: string, text: string, module?: string][] = [
  ["a function", "openConection"],
  ["a method", "StreamReader.readLine"],
  ["a static method", "StreamReader.of"],
  ["a member of an interface", "Transport.end"],
  ["a member that an interface does not inherit", "OpenConnectionOptions.timeout"],
  ["a member of a generic interface", "Connected.socket"],
  ["a member of a global", "AbortSignal.after"],
  ["a type of Deno", "Deno.Connection"],
  ["a member of a type of Deno", "Deno.Conn.readAll"],
  ["a function of a module", "sleep", "@std/async"],
  ["a module", "sleep", "@std/sleep"],
  ["no name at all", "a + b"],
];

const SAMPLES = "samples";

function counterparts(list: typeof KNOWN): Counterpart[] {
  return list.map(([_, text, module], line) => ({
    text,
    line,
    page: SAMPLES,
    ...(module && { module }),
  }));
}

async function counterpartsOn(page: string): Promise<Counterpart[]> {
  const text = await Deno.readTextFile(new URL(`../../../docs/${page}`, import.meta.url));
  return readRows(text).flatMap((row) => row.counterparts.map((one) => ({ ...one, page })));
}

const PAGES = ["from_asyncio.md", "from_node_net.md"];

// All together: each run of the type checker takes seconds.
const complaints = await findUnknown([
  ...counterparts(KNOWN),
  ...counterparts(UNKNOWN),
  ...(await Promise.all(PAGES.map(counterpartsOn))).flat(),
]);

function complaintsOn(page: string): string[] {
  return complaints.filter((complaint) => complaint.startsWith(`${page}, `)).sort();
}

Deno.test("findUnknown() reports each name that does not exist, and no other", () => {
  const expected = UNKNOWN.map(([_, text, module], line) =>
    `${SAMPLES}, line ${line}: ${module ?? "nobody"} has no ${text}`
  );
  assertEquals(complaintsOn(SAMPLES), expected.sort());
});

for (const page of PAGES) {
  Deno.test(`${page} names as counterparts only what exists`, () => {
    assertEquals(complaintsOn(page), []);
  });
}
