import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { readPackages, Registry } from "./registry.ts";
import { makeTree, type TemporaryTree } from "./temporary_tree.ts";

const ROOT = new URL("../../", import.meta.url);
const { name, version, exports } = JSON.parse(
  await Deno.readTextFile(new URL("deno.json", ROOT)),
);

/** Folders that are not the project's own, but the tools' on this machine. */
const NOT_SOURCE = [".git", "coverage", "node_modules", "vendor"];

/** The registry that this package was published in, and a folder of a project that may use it. */
class Publication implements AsyncDisposable {
  readonly #registry: Registry;
  readonly #project: TemporaryTree;
  readonly #cache: TemporaryTree;

  private constructor(registry: Registry, project: TemporaryTree, cache: TemporaryTree) {
    this.#registry = registry;
    this.#project = project;
    this.#cache = cache;
  }

  /** Publishes this tree, and makes the project of the given files. */
  static async make(files: Record<string, string>): Promise<Publication> {
    const std = await readPackages("@std", new URL("tools/stand_ins/@std/", ROOT));
    const publication = new Publication(
      new Registry(std),
      await makeTree(files),
      await makeTree({}),
    );
    // Of a copy: Deno puts a vendor folder for each registry beside deno.json.
    await using copy = await makeTree({});
    await copyFolder(ROOT, copy.root, NOT_SOURCE);
    const args = ["publish", "--allow-dirty", "--no-check", "--no-provenance", "--token=none"];
    const { success, text } = await publication.deno(args, copy.root);
    assert(success, text);
    return publication;
  }

  /** The address of the registry. */
  get registry(): URL {
    return this.#registry.url;
  }

  /** The paths of the files that were published, in alphabetical order. */
  get paths(): string[] {
    return [...this.#registry.get(name)?.files.keys() ?? []].sort();
  }

  /** Runs Deno where it knows of no registry but this one, and has cached nothing but from it. */
  async deno(
    args: readonly string[],
    cwd: URL = this.#project.root,
  ): Promise<{ success: boolean; text: string }> {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...args],
      cwd,
      env: {
        JSR_URL: this.registry.href,
        DENO_DIR: fileURLToPath(this.#cache.root),
        NO_PROXY: "127.0.0.1",
        DENO_NO_UPDATE_CHECK: "1",
        NO_COLOR: "1",
        // In a workflow Deno would ask there who publishes.
        GITHUB_ACTIONS: "",
      },
      stdin: "null",
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    return { success, text };
  }

  /** Removes all of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#registry[Symbol.asyncDispose]();
    await this.#project[Symbol.asyncDispose]();
    await this.#cache[Symbol.asyncDispose]();
  }
}

async function copyFolder(from: URL, to: URL, left: readonly string[] = []): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    if (left.includes(name)) continue;
    if (isDirectory) await copyFolder(new URL(`${name}/`, from), new URL(`${name}/`, to));
    if (isFile) await Deno.copyFile(new URL(name, from), new URL(name, to));
  }
}

/** An echo that imports from every entry point. */
const CONSUMER = `
import { createServer, type Transport } from "jsr:${name}@^${version}";
import { lineCodec } from "jsr:${name}@^${version}/codecs";
import { Protocol } from "jsr:${name}@^${version}/protocols";
import { createConnection, formatAddress, type Server } from "jsr:${name}@^${version}/transports";
import { framed, openConnection, StreamConnection } from "jsr:${name}@^${version}/streams";
import { RecordingProtocol } from "jsr:${name}@^${version}/testing";

class Echo extends Protocol {
  #transport?: Transport;
  override connectionMade(transport: Transport): void {
    this.#transport = transport;
  }
  override dataReceived(chunk: Uint8Array): void {
    this.#transport?.write(chunk);
  }
}

await using server: Server = await createServer(() => new Echo(), { port: 0 });
await using client: StreamConnection = await openConnection({ port: server.port });
const messages = framed(client, lineCodec());
await messages.send("one");
console.log(await messages.receive());

const { transport, protocol } = await createConnection(() => new RecordingProtocol(), {
  port: server.port,
});
transport.write("two");
await protocol.untilReceived(3);
console.log(protocol.receivedText, formatAddress(transport.getExtraInfo("peername")).length > 0);
transport.close();
await transport.closed;
`;

/** Tells of each entry point whether it exports anything. */
const EVERYTHING = Object.keys(exports).map((path, index) =>
  `import * as part${index} from "jsr:${name}@^${version}${path.slice(1)}";
console.log(Object.keys(part${index}).length > 0);
`
).join("");

/** The files that a page of the guide has its reader write, by their names. */
async function filesOfGuide(page: string): Promise<Record<string, string>> {
  const text = await Deno.readTextFile(new URL(`docs/${page}`, ROOT));
  const files = text.matchAll(/`(\w+\.ts)`:\n\n```ts[^\n]*\n(.*?)^```$/gms);
  return Object.fromEntries(files.map(([, path, code]) => [path, code]));
}

Deno.test("the published package holds what users need, and works from a registry", async (t) => {
  const guide = await filesOfGuide("getting_started.md");
  await using publication = await Publication.make({
    ...guide,
    "consumer.ts": CONSUMER,
    "everything.ts": EVERYTHING,
    // Only the types of the package can tell these.
    "mistake.ts": `import { openConnection } from "jsr:${name}@^${version}";
await openConnection({ port: "8888" });
`,
  });
  const run = async (...args: string[]): Promise<string> => {
    const { success, text } = await publication.deno(args);
    assert(success, text);
    return text;
  };
  const addressOf = (path: string): string =>
    new URL(`${name}/${version}/${path}`, publication.registry).href;

  await t.step("it has the library, the examples and the documents, and nothing else", () => {
    const parts = new Set(publication.paths.map((path) => path.replace(/\/.*/, "")));
    assertEquals([...parts], [
      "ARCHITECTURE.md",
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "bench",
      "deno.json",
      "docs",
      "examples",
      "mod.ts",
      "node",
      "protocols",
      "streams",
      "testing",
      "transports",
    ]);
    const bench = publication.paths.filter((path) => path.startsWith("bench/"));
    assert(
      bench.every((path) => /^bench\/(README\.md|pictures\/\w+\.svg)$/.test(path)),
      `${bench}`,
    );
  });

  await t.step("a project adds it as docs/getting_started.md says", async () => {
    await run("add", "jsr:@sluice/net", "jsr:@std/assert");
  });

  await t.step("a project is type-checked against every entry point", async () => {
    const { success, text } = await publication.deno(["check", "."]);
    assert(!success);
    assertEquals(text.match(/\[ERROR\]/g)?.length, 1, text);
    assertMatch(text, /Type 'string' is not assignable to type 'number'.*mistake\.ts/s);
  });

  await t.step("every entry point has exports", async () => {
    const text = await run("run", "--no-prompt", "everything.ts");
    assertEquals(text.match(/^true$/gm)?.length, Object.keys(exports).length, text);
  });

  await t.step("a project runs an echo with --allow-net alone", async () => {
    const text = await run("run", "--no-prompt", "--allow-net", "consumer.ts");
    assertStringIncludes(text, "one\ntwo true\n");
  });

  await t.step("the programs of docs/getting_started.md pass their tests", async () => {
    assert(Object.keys(guide).some((path) => path.endsWith("_test.ts")));
    const text = await run("test", "--no-check", "--no-prompt", "--allow-net");
    assertMatch(text, /^ok \| \d+ passed \| 0 failed/m);
  });

  await t.step("an example runs by its address", async () => {
    const text = await run("run", "--no-prompt", "--allow-net", addressOf("examples/demo.ts"));
    assertStringIncludes(text, "Hello from callbacks");
    // This one loads certificates from beside itself.
    const tls = await run("run", "--no-prompt", "--allow-net", addressOf("examples/mutual_tls.ts"));
    assertStringIncludes(tls, "Hello, Ada Lovelace!");
  });

  await t.step("every example loads by its address", async () => {
    const paths = publication.paths.filter((path) => /^examples\/.*\.ts$/.test(path));
    assert(paths.length > 20, paths.join());
    await run("cache", "--no-check", ...paths.map(addressOf));
  });
});
