/**
 * Follows docs/simulation_guide.md: its test is run with each version of its programs, and prints the
 * reports on the page.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Fence, readFences } from "./read_fences.ts";
import { denoIn, makeUserTree } from "./user_tree.ts";

const page = await Deno.readTextFile(new URL("../../docs/simulation_guide.md", import.meta.url));
const fences = readFences(page);
const reports = fences.filter(({ language }) => language === "text");

/** The versions of a file of the page. */
function versionsOf(file: string): string[] {
  return fences.filter((fence) => fence.file === file).map(({ code }) => code);
}

const [shop = "", rightShop = ""] = versionsOf("shop.ts");
const [firstCustomer = "", rightCustomer = ""] = versionsOf("customer.ts");
const [test = ""] = versionsOf("shop_test.ts");

/** The first customer with the function that replaces the one of the same name. */
function mendedCustomer(): string {
  const mend = fences.find(({ code }) => code.startsWith("async function place("))?.code ?? "";
  return firstCustomer.slice(0, firstCustomer.indexOf("async function place(")) + mend;
}

/** Runs the test of the page with a version of the programs. */
async function runTest(
  files: Record<"shop.ts" | "customer.ts", string>,
  chaos?: string,
): Promise<[code: number, output: string]> {
  const own = chaos === undefined ? test : test.replace(/chaos: \{.*?\}/, chaos);
  await using tree = await makeUserTree({ ...files, "shop_test.ts": own });
  const { code, stdout, stderr } = await denoIn(tree, ["test", "-A"]).output();
  return [code, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)];
}

/** Checks that an output has the lines of a fence. */
function assertPrinted(output: string, { code, line }: Fence): void {
  assert(output.includes(code.trimEnd()), `The fence at line ${line} is not in:\n${output}`);
}

for (
  const [name, customer, shown] of [
    ["loses an order", firstCustomer, reports.slice(0, 2)],
    ["orders twice", mendedCustomer(), reports.slice(2, 4)],
  ] as const
) {
  Deno.test(`simulation_guide.md: the reports are those of the customer that ${name}`, async () => {
    const [code, output] = await runTest({ "shop.ts": shop, "customer.ts": customer });
    assertEquals([code, shown.length], [1, 2]);
    for (const report of shown) assertPrinted(output, report);
  });
}

for (const chaos of [undefined, "chaos: true"]) {
  Deno.test(`simulation_guide.md: the right version passes with ${chaos ?? "partitions"}`, async () => {
    const files = { "shop.ts": rightShop, "customer.ts": rightCustomer };
    const [code, output] = await runTest(files, chaos);
    assertEquals(code, 0, output);
    assertMatch(output, /^ok \| 1 passed \| 0 failed/m);
  });
}
