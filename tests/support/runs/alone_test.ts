import { assert, assertEquals } from "@std/assert";
import { runTests } from "./run_tests.ts";

const ENV = { SLUICE_TEST_IS_ALONE: "true" };
const IS_ALONE = Deno.env.get("SLUICE_TEST_IS_ALONE") === "true";

/**
 * Registers a test that runs in a process of its own: it counts what the process holds, and test
 * files that run in parallel share one.
 *
 * @param module The URL of the test file: `import.meta.url`.
 * @param name The name of the test, which is not the start of another name.
 * @param test The test.
 * @param ignore Whether to leave it out.
 */
export function testAlone(
  module: string,
  name: string,
  test: () => Promise<void> | void,
  ignore: boolean = false,
): void {
  if (IS_ALONE) return Deno.test({ name, ignore, fn: test });
  Deno.test({ name, ignore }, async () => {
    const { code, printed } = await runTests([`--filter=${name}`, module], ENV);
    assertEquals([code, / 1 passed /.test(printed)], [0, true], printed);
  });
}

/** The output of the tests of a file in a process of their own, by the file. */
const printedBy = new Map<string, Promise<string>>();

/**
 * Has a test run in a process of its own together with the others of its file, one after the other.
 * Many such tests cost less so than by {@linkcode testAlone}.
 *
 * @param module The URL of the test file: `import.meta.url`.
 * @param name The name under which the test is registered.
 * @param test The test.
 * @returns What to register: the test there, here a look at how it ended.
 */
export function alone(
  module: string,
  name: string,
  test: () => Promise<void> | void,
): () => Promise<void> {
  if (IS_ALONE) return async () => await test();
  return async () => {
    const printed = await (printedBy.get(module) ?? runAlone(module));
    assert(printed.includes(`${name} ... ok`), printed);
  };
}

function runAlone(module: string): Promise<string> {
  const run = runTests([module], ENV).then(({ printed }) => printed);
  printedBy.set(module, run);
  return run;
}
