/**
 * Compares the tables of docs/options.md with the types.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** An option of an interface: its default, if the documentation names one in `@default`. */
type Options = Map<string, string | null>;

/** The parts of `deno doc --json` that are used here. */
interface Documentation {
  readonly nodes: Readonly<Record<string, { readonly symbols: readonly DocSymbol[] }>>;
}

interface DocSymbol {
  readonly name: string;
  readonly declarations: readonly {
    readonly kind: string;
    readonly def: { readonly properties?: readonly DocProperty[] };
  }[];
}

interface DocProperty {
  readonly name: string;
  readonly jsDoc?: {
    readonly tags?: readonly { readonly kind: string; readonly value?: string }[];
  };
}

/** The interfaces of all entry points, by their names. */
async function readInterfaces(): Promise<Map<string, Options>> {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...Object.values<string>(exports)],
    cwd: ROOT,
    stderr: "null",
  }).output();
  const { nodes }: Documentation = JSON.parse(new TextDecoder().decode(stdout));
  const interfaces = new Map<string, Options>();
  for (const { name, declarations } of Object.values(nodes).flatMap(({ symbols }) => symbols)) {
    for (const { kind, def } of declarations) {
      if (kind !== "interface") continue;
      const options = (def.properties ?? []).map((one) => [one.name, defaultOf(one)] as const);
      interfaces.set(name, new Map(options));
    }
  }
  return interfaces;
}

function defaultOf({ jsDoc }: DocProperty): string | null {
  return jsDoc?.tags?.find(({ kind }) => kind === "default")?.value ?? null;
}

/** A table of the page: the interfaces that it names, and the default in each row. */
interface Table {
  readonly owners: readonly string[];
  readonly rows: Map<string, string>;
}

function readTables(page: string): Table[] {
  const tables: Table[] = [];
  let table: Table | null = null;
  for (const line of page.split("\n")) {
    const [, names = "", value = ""] = line.split("|").map((cell) => cell.trim());
    const spans = [...names.matchAll(/`([^`]+)`/g)].map(([, span = ""]) => span);
    if (!line.startsWith("|")) table = null;
    else if (table === null) tables.push(table = { owners: spans, rows: new Map() });
    else for (const name of spans) table.rows.set(name, value);
  }
  return tables;
}

/** Without the marks of code, and as the types write it. */
function toPlain(value: string): string {
  return value.replace(/[`{}\s]/g, "");
}

Deno.test("docs/options.md has every option of the types that it names, with its default", async () => {
  const interfaces = await readInterfaces();
  const tables = readTables(await Deno.readTextFile(new URL("docs/options.md", ROOT)));
  assert(tables.length > 15);
  for (const { owners, rows } of tables) {
    // Types that are not exported have no name there.
    if (owners.length === 0) continue;
    const options: Options = new Map();
    for (const owner of owners) {
      const own = interfaces.get(owner);
      assert(own !== undefined, `There is no ${owner}`);
      for (const [name, value] of own) options.set(name, value);
    }
    assertEquals([...rows.keys()].sort(), [...options.keys()].sort(), owners.join());
    for (const [name, value] of options) {
      if (value !== null) assertEquals(toPlain(rows.get(name) ?? ""), toPlain(value), name);
    }
  }
});

Deno.test("docs/options.md names every type of options for servers and connections", async () => {
  const page = await Deno.readTextFile(new URL("docs/options.md", ROOT));
  const named = readTables(page).flatMap(({ owners }) => owners);
  for (
    const name of [
      "ConnectOptions",
      "ListenOptions",
      "SocketOptions",
      "StreamReaderOptions",
      "TlsOptions",
      "TransportOptions",
    ]
  ) assert(named.includes(name), name);
});
