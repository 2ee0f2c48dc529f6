/**
 * Runs an example by its name with the permissions that its header names.
 *
 * `deno task example echo_server --port 0` finds the line `deno run --allow-net
 * examples/echo_server.ts` in the comment at the top of `examples/echo_server.ts`, and runs just
 * that, followed by `--port 0`. Without a name it lists the examples.
 *
 * @module
 */

/** An example, as its header describes it. */
export interface Example {
  /** Its path in the folder, without `.ts`: `echo_server`, `redis/server`. */
  name: string;
  /** The first sentence of its header. */
  summary: string;
  /** The flags between `deno run` and its path in the header. */
  flags: string[];
}

/**
 * Reads the headers of a folder of examples. A file whose header has no `deno run` line with its
 * own path is part of another example, and left out.
 *
 * @param folder The folder, as a URL that ends with a slash
 * @returns The examples, by name
 */
export async function readExamples(folder: URL): Promise<Example[]> {
  const examples: Example[] = [];
  for (const name of await listModules(folder)) {
    const example = readHeader(name, await Deno.readTextFile(new URL(`${name}.ts`, folder)));
    if (example) examples.push(example);
  }
  return examples.sort((a, b) => a.name < b.name ? -1 : 1);
}

async function listModules(folder: URL, prefix: string = ""): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(new URL(prefix, folder))) {
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory) names.push(...await listModules(folder, `${path}/`));
    else if (path.endsWith(".ts")) names.push(path.slice(0, -".ts".length));
  }
  return names;
}

function readHeader(name: string, source: string): Example | undefined {
  const header = leadingComment(source);
  const run = header.match(/deno run ((?:-\S+ )*)(?:\.\/)?examples\/(\S+)\.ts/);
  if (run?.[2] !== name) return undefined;
  const [summary = ""] = header.trim().split(/(?<=[.!?])\s|\n\n/, 1);
  return {
    name,
    summary: summary.replaceAll("\n", " "),
    flags: run[1]?.split(" ").filter((flag) => flag !== "") ?? [],
  };
}

/** The text of the comment that a file starts with, without its marks. */
function leadingComment(source: string): string {
  const comment = source.match(/^\s*(?:\/\*[\s\S]*?\*\/|(?:\/\/.*\n?)+)/)?.[0] ?? "";
  return comment.replace(/^\s*\/\*+|\*\/\s*$/g, "").replace(/^[ \t]*(?:\*|\/\/)[ \t]?/gm, "");
}

/**
 * Runs an example and waits for its end.
 *
 * @param example The example
 * @param args Its arguments
 * @param folder The folder of the examples, as a URL that ends with a slash
 * @returns Its exit code
 */
export async function runExample(
  example: Example,
  args: string[],
  folder: URL,
): Promise<number> {
  const path = `examples/${example.name}.ts`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...example.flags, path, ...args],
    cwd: new URL("../", folder),
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  using _passing = passSignalsOn(child);
  return (await child.status).code;
}

/**
 * Passes signals on to a child.
 *
 * A Ctrl-C in a terminal reaches the child as well, so only other signals are passed on. Without a
 * terminal a signal may be sent to both at once, and the child receives it twice: the examples take
 * the second one as the first.
 */
function passSignalsOn(child: Deno.ChildProcess): Disposable {
  const interactive = Deno.stdin.isTerminal();
  const pass = (signal: Deno.Signal): void => {
    try {
      child.kill(signal);
    } catch {
      // It has ended already, and its status is on the way.
    }
  };
  const interrupt = (): void => {
    if (!interactive) pass("SIGINT");
  };
  const terminate = (): void => pass("SIGTERM");
  // Windows has no SIGTERM to listen to.
  const listeners: [Deno.Signal, () => void][] = Deno.build.os === "windows"
    ? [["SIGINT", interrupt]]
    : [["SIGINT", interrupt], ["SIGTERM", terminate]];
  for (const [signal, listener] of listeners) Deno.addSignalListener(signal, listener);
  return {
    [Symbol.dispose](): void {
      for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
    },
  };
}

function listExamples(examples: readonly Example[]): string {
  return [
    "Usage: deno task example NAME [OPTIONS], where NAME is one of",
    ...examples.map(({ name, summary }) => `  ${name.padEnd(24)} ${summary}`),
    "`deno task example NAME --help` lists the options of one.",
  ].join("\n");
}

async function main([name = "--help", ...args]: string[]): Promise<number> {
  const folder = new URL("../examples/", import.meta.url);
  const examples = await readExamples(folder);
  if (["", "--help", "-h"].includes(name)) {
    console.log(listExamples(examples));
    return 0;
  }
  const example = examples.find((one) => one.name === name.replace(/^examples\/|\.ts$/g, ""));
  if (example) return await runExample(example, args, folder);
  console.error(`Cannot run example: there is none with the name "${name}"`);
  console.error(listExamples(examples));
  return 1;
}

if (import.meta.main) {
  // From here to the end a signal changes nothing but what is passed on to the example.
  const ignore = (): void => {};
  Deno.addSignalListener("SIGINT", ignore);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", ignore);
  Deno.exit(await main(Deno.args));
}
