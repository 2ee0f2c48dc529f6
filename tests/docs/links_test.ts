import { assertEquals } from "@std/assert";

const ROOT = new URL("../../", import.meta.url);

/** The pages that people read, by their path in the project. */
async function listPages(): Promise<string[]> {
  const pages = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "bench/README.md"];
  for await (const { name } of Deno.readDir(new URL("docs", ROOT))) {
    if (name.endsWith(".md")) pages.push(`docs/${name}`);
  }
  return pages.sort();
}

const { publish } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));

/** Whether a file goes into the package. */
function isPublished(url: URL): boolean {
  const path = url.href.slice(ROOT.href.length);
  return publish.include.some((part: string) => path === part || path.startsWith(`${part}/`));
}

/** A page without what is shown as code. */
function proseOf(page: string): string {
  return page.replaceAll(/^```[\s\S]*?^```/gm, "").replaceAll(/`[^`\n]*`/g, "");
}

/** The anchors of a page: its headings in the manner of GitHub and JSR. */
function anchorsOf(page: string): Set<string> {
  const headings = page.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/^#+ (.+)$/gm);
  const toAnchor = (heading: string): string =>
    heading.toLowerCase().replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
  return new Set([...headings].map(([, heading = ""]) => toAnchor(heading)));
}

/**
 * Why a link on a page leads nowhere, also where the package is published; nothing if it does not.
 */
async function findFault(from: URL, target: string): Promise<string | undefined> {
  const url = new URL(target, from);
  const anchor = url.hash.slice(1);
  url.hash = "";
  if (isPublished(from) && !isPublished(url)) return `${target}: is not published`;
  try {
    const { isFile } = await Deno.stat(url);
    if (anchor === "") return undefined;
    const isThere = isFile && anchorsOf(await Deno.readTextFile(url)).has(anchor);
    return isThere ? undefined : `${target}: no such heading`;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return `${target}: no such file`;
  }
}

for (const path of await listPages()) {
  Deno.test(`${path}: its links lead somewhere`, async () => {
    const url = new URL(path, ROOT);
    const links = [...proseOf(await Deno.readTextFile(url)).matchAll(/\]\(([^)\s]+)/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^[a-z]+:/.test(target));
    const faults = await Promise.all(links.map((target) => findFault(url, target)));
    assertEquals(faults.filter((fault) => fault !== undefined), []);
  });
}
