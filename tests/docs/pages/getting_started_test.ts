import { assertEquals, assertStringIncludes } from "@std/assert";
import { TextLineStream } from "@std/streams";
import { openConnection } from "@sluice/net";
import { makeTree, type TemporaryTree } from "../../tools/temporary_tree.ts";
import { fileURLToPath } from "node:url";
import { readFences } from "../read_fences.ts";
import { denoIn, makeUserTree } from "../user_tree.ts";

const page = await Deno.readTextFile(new URL("../../../docs/getting_started.md", import.meta.url));
const fences = readFences(page);

/** The folder of a reader who has followed the page; its servers listen on any free port. */
function followPage(): Promise<TemporaryTree> {
  const files = fences.flatMap(({ file, code }) =>
    file === undefined ? [] : [[file, code.replace(/\b888[89]\b/, "0")]]
  );
  return makeUserTree(Object.fromEntries(files));
}

/** The arguments for Deno of the command on the page that begins in a given way. */
function argsOf(beginning: string): string[] {
  const fence = fences.find(({ language, code }) =>
    language === "sh" && code.startsWith(beginning)
  );
  if (fence === undefined) throw new Error(`Cannot find "${beginning}" on the page`);
  return fence.code.trim().split(" ").slice(1);
}

Deno.test("getting_started.md: the tests on the page pass with the permission they are given", async () => {
  await using tree = await followPage();
  // The test of a clone, below, checks the types.
  const { code, stdout, stderr } = await denoIn(tree, [...argsOf("deno test"), "--no-check"])
    .output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assertEquals(code, 0, output);
  assertStringIncludes(output, "4 passed");
});

/** The exchange with a program of the page, and how Ctrl-C ends it. */
interface Conversation {
  file: string;
  sent: string;
  received: string | undefined;
  ending: [code: number, signal: Deno.Signal | null];
}

const CONVERSATIONS: Conversation[] = [
  { file: "echo.ts", sent: "hello\n", received: "hello\n", ending: [130, "SIGINT"] },
  {
    file: "store.ts",
    sent: "SET colour green\nGET colour\nQUIT\n",
    received: fences.find(({ language }) => language === "text")?.code,
    // It ends by itself once the server is shut down.
    ending: [0, null],
  },
];

async function converse({ file, sent, received, ending }: Conversation): Promise<void> {
  await using tree = await followPage();
  const program = denoIn(tree, argsOf(`deno run --allow-net ${file}`)).spawn();
  const stderr = program.stderr.text();
  const lines = program.stdout.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream()).getReader();
  const { value: greeting = "" } = await lines.read();
  const port = Number(/port (\d+), stop with Ctrl-C$/.exec(greeting)?.[1]);
  try {
    await using client = await openConnection({ port });
    client.writer.write(sent);
    client.writer.writeEof();
    assertEquals(new TextDecoder().decode(await client.reader.read()), received);
  } finally {
    program.kill("SIGINT");
  }
  const { code, signal } = await program.status;
  assertEquals([code, signal], ending);
  while (!(await lines.read()).done);
  assertEquals(await stderr, "");
}

for (const conversation of CONVERSATIONS) {
  Deno.test({
    name: `getting_started.md: ${conversation.file} runs, answers and ends with Ctrl-C`,
    // There no program can send it to another.
    ignore: Deno.build.os === "windows",
    fn: () => converse(conversation),
  });
}

Deno.test("getting_started.md: the addresses of the examples are those of this version", async () => {
  const root = new URL("../../../", import.meta.url);
  const { name, version } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const addresses = [...page.matchAll(/https:\/\/jsr\.io\/(\S+?)\/(examples\/\S+)/g)];
  assertEquals(addresses.length, 2);
  for (const [, of, path = ""] of addresses) {
    assertEquals(of, `${name}/${version}`);
    assertEquals((await Deno.stat(new URL(path, root))).isFile, true, path);
  }
});

Deno.test("getting_started.md: a project uses a clone by the deno.json on the page", async () => {
  const shown = fences.find(({ language, code }) => language === "json" && code.includes("links"));
  const config = JSON.parse(shown?.code ?? "{}");
  assertEquals(config.links, ["../sluice"]);
  const clone = fileURLToPath(new URL("../../../", import.meta.url));
  const files = fences.flatMap(({ file, code }) => file === undefined ? [] : [[file, code]]);
  await using tree = await makeTree({
    ...Object.fromEntries(files),
    // The clone's own folder, and its copy of @std, as the page says where JSR cannot be reached.
    "deno.json": JSON.stringify({ ...config, links: [clone], vendor: true }),
    "vendor/README": "",
  });
  await Deno.symlink(`${clone}vendor/jsr.io`, new URL("vendor/jsr.io", tree.root), {
    type: "junction",
  });
  const { code, stdout, stderr } = await denoIn(tree, argsOf("deno test")).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assertEquals(code, 0, output);
  assertStringIncludes(output, "4 passed");
});
