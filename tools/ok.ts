/**
 * Checks everything that a change must pass: `deno task ok`.
 *
 * Runs each step once, in the order of {@linkcode listSteps}, says how long it took, and ends with
 * code 1 at the first one that fails, after its output. `deno task ok --skip=test` leaves out the
 * named step (or several, with commas), such as the tests that you have just run.
 *
 * @module
 */

/** One check, which is a run of Deno. */
export interface Step {
  /** Its name in the output and for `--skip`. */
  name: string;
  /** The arguments for Deno. */
  args: string[];
  /**
   * Whether its output is shown as it comes, not only when it fails.
   *
   * @default {false}
   */
  live?: boolean;
}

/**
 * The tests that the coverage is of. The conformance battery over all further pairs of transports
 * reaches little more than over these three, and takes three times as long when it is recorded.
 */
const RECORDED = [
  "tests/protocols",
  "tests/transports",
  "tests/streams",
  "tests/testing",
  "tests/conformance/carriers/memory_test.ts",
  "tests/conformance/networks/tcp_test.ts",
  "tests/conformance/networks/unix_test.ts",
];

/**
 * Lists the checks of a project.
 *
 * @param root The folder with deno.json, as a URL that ends with a slash
 * @returns The steps in their order: quick ones first
 */
export async function listSteps(root: URL): Promise<Step[]> {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const entries: string[] = Object.values(config.exports);
  const published = `^${RegExp.escape(root.href)}(protocols|transports|streams|testing)/`;
  return [
    { name: "format", args: ["fmt", "--check"] },
    { name: "lint", args: ["lint"] },
    { name: "types", args: ["check", "--doc", "."] },
    { name: "docs", args: ["doc", "--lint", ...entries] },
    { name: "words", args: ["run", "--allow-read", "tools/check_words.ts"] },
    { name: "imports", args: ["run", "-A", "tools/check_imports.ts"] },
    { name: "publish", args: ["publish", "--dry-run", "--allow-dirty"] },
    { name: "test", args: ["task", "test"], live: true },
    {
      name: "record",
      args: [
        "test",
        "-A",
        "--no-check",
        "--parallel",
        "--coverage=coverage",
        "--coverage-raw-data-only",
        "--clean",
        ...RECORDED,
      ],
    },
    { name: "coverage", args: ["coverage", "coverage", `--include=${published}`], live: true },
  ];
}

/**
 * Runs steps one after the other, up to the first that fails.
 *
 * @param steps The steps
 * @param root Where to run them, as a URL
 * @param print Takes each line about the progress
 * @returns The name of the step that failed, or nothing if none did
 */
export async function runSteps(
  steps: Step[],
  root: URL,
  print: (line: string) => void,
): Promise<string | undefined> {
  for (const { name, args, live = false } of steps) {
    if (live) print(`${name} …`);
    const start = performance.now();
    const output = live ? "inherit" : "piped";
    const child = new Deno.Command(Deno.execPath(), {
      args,
      cwd: root,
      stdin: "null",
      stdout: output,
      stderr: output,
    }).spawn();
    const printed = live ? [] : await Promise.all([child.stdout.text(), child.stderr.text()]);
    const { success } = await child.status;
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    if (!success) {
      for (const text of printed) print(text.trimEnd());
      print(`${name} failed after ${seconds} s: deno ${args.join(" ")}`);
      return name;
    }
    print(`${name} ok (${seconds} s)`);
  }
  return undefined;
}

if (import.meta.main) {
  const root = new URL("../", import.meta.url);
  const steps = await listSteps(root);
  const skipped = Deno.args.flatMap((arg) => arg.match(/^--skip=(.+)$/)?.[1]?.split(",") ?? [arg]);
  const unknown = skipped.find((name) => !steps.some((step) => step.name === name));
  if (unknown !== undefined) {
    console.error(`Cannot skip "${unknown}": the steps are ${steps.map((step) => step.name)}`);
    Deno.exit(1);
  }
  const failed = await runSteps(
    steps.filter((step) => !skipped.includes(step.name)),
    root,
    (line) => console.log(line),
  );
  if (failed !== undefined) Deno.exit(1);
  console.log(`All is ok${skipped.length > 0 ? `, without ${skipped.join(", ")}` : ""}.`);
}
