/**
 * Follows docs/simulation_guide.md: its test is run with each version of its programs, and prints
 * the
 * reports on the page.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Fence, readFences } from "../read_fences.ts";
import { denoIn, makeUserTree } from "../user_tree.ts";

const page = await Deno.readTextFile(new URL("../../../docs/simulation_guide.md", import.meta.url));
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

interface Outcome {
  readonly code: number;
  readonly output: string;
  /** The timeline of a run that failed; `null` if none did. */
  readonly picture: string | null;
}

/** Runs the test of the page with a version of the programs. */
async function runTest(
  files: Record<"shop.ts" | "customer.ts", string>,
  chaos?: string,
): Promise<Outcome> {
  const own = chaos === undefined ? test : test.replace(/chaos: \{.*?\}/, chaos);
  await using tree = await makeUserTree({ ...files, "shop_test.ts": own });
  const { code, stdout, stderr } = await denoIn(tree, ["test", "-A", "--no-check"]).output();
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const picture = code === 0 ? null : await Deno.readTextFile(new URL("failure.svg", tree.root));
  return { code, output, picture };
}

/** The texts of a picture, without their looks. */
function textsOf(picture: string): string[] {
  return Array.from(picture.matchAll(/<text[^>]*>([^<]*)/g), ([, text = ""]) => text);
}

/** Checks that an output has the lines of a fence. */
function assertPrinted(output: string, { code, line }: Fence): void {
  assert(output.includes(code.trimEnd()), `The fence at line ${line} is not in:\n${output}`);
}

Deno.test("simulation_guide.md: every version of the programs passes the type check", async () => {
  // Once for all, as it takes longer than the tests.
  await using tree = await makeUserTree({
    "first/shop.ts": shop,
    "first/customer.ts": firstCustomer,
    "first/shop_test.ts": test,
    "mended/shop.ts": shop,
    "mended/customer.ts": mendedCustomer(),
    "mended/shop_test.ts": test,
    "right/shop.ts": rightShop,
    "right/customer.ts": rightCustomer,
    "right/shop_test.ts": test,
  });
  const { code, stderr } = await denoIn(tree, ["check", "."]).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
});

Deno.test("simulation_guide.md: the first customer loses an order, as reported and drawn", async () => {
  const { code, output, picture } = await runTest({
    "shop.ts": shop,
    "customer.ts": firstCustomer,
  });
  assertEquals([code, reports.length], [1, 4], output);
  for (const report of reports.slice(0, 2)) assertPrinted(output, report);
  const shown = new URL("../../../docs/pictures/lost_order.svg", import.meta.url);
  assertEquals(textsOf(picture ?? ""), textsOf(await Deno.readTextFile(shown)));
  assertMatch(picture ?? "", />partition shop customer</);
});

Deno.test("simulation_guide.md: the mended customer orders twice, as reported", async () => {
  const { code, output } = await runTest({ "shop.ts": shop, "customer.ts": mendedCustomer() });
  assertEquals(code, 1, output);
  for (const report of reports.slice(2)) assertPrinted(output, report);
});

for (const chaos of [undefined, "chaos: true"]) {
  Deno.test(`simulation_guide.md: the right version passes with ${chaos ?? "partitions"}`, async () => {
    const files = { "shop.ts": rightShop, "customer.ts": rightCustomer };
    const { code, output } = await runTest(files, chaos);
    assertEquals(code, 0, output);
    assertMatch(output, /^ok \| 1 passed \| 0 failed/m);
  });
}
