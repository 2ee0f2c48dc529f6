import { assertEquals } from "@std/assert";

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
  test: () => Promise<void>,
  ignore: boolean = false,
): void {
  if (IS_ALONE) return Deno.test({ name, ignore, fn: test });
  Deno.test({ name, ignore }, async () => {
    const args = ["test", "-A", "--no-check", `--filter=${name}`, module];
    const env = { SLUICE_TEST_IS_ALONE: "true", NO_COLOR: "1" };
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, env })
      .output();
    const printed = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
    assertEquals([code, / 1 passed /.test(printed)], [0, true], printed);
  });
}
