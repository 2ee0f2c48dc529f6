/**
 * Checks the words of documents and comments: plain English, which needs no second reading.
 *
 * It also finds comments that are wider than 100 columns, and summaries of options types that do
 * not begin "Options for".
 *
 * It looks at the text of Markdown files and at the comments of TypeScript files, in prose and in
 * examples alike. It leaves out code, names in backticks and addresses.
 *
 * ```sh
 * deno run --allow-read tools/check_words.ts
 * ```
 *
 * @module
 */

/** The files and folders that are checked. */
export const CHECKED: readonly string[] = [
  "README.md",
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "bench/README.md",
  "docs",
  "examples",
  "mod.ts",
  "node",
  "protocols",
  "streams",
  "testing",
  "tools",
  "transports",
];

/** Folders that are not published: the rules for single words hold there too. */
export const UNPUBLISHED: readonly string[] = ["bench", "tests"];

/** Files that are left out: their words are other people's. */
const LEFT_OUT: readonly RegExp[] = [/\/certificates\//, /\/pictures\//, /tools\/check_words\.ts$/];

/** A way to say something, and a plainer one. */
interface Rule {
  readonly pattern: RegExp;
  readonly instead: string;
  /** Whether it is for published files only. */
  readonly isForPublished?: boolean;
}

const RULES: readonly Rule[] = [
  {
    pattern: /\b(?:no|some|any|every)body\b/i,
    instead: "name the role: a client, a reader, the caller; or use the passive voice",
  },
  { pattern: /\b(?:who|what|which|where)ever\b/i, instead: "any …, or a sentence with if" },
  {
    pattern:
      /(?<!\b(?:left|leav\w+|fall\w*|fell|lag\w*) (?:\w+ )?)\bbehind\b(?! (?:a|an|the|its|one)? ?(?:\w+ )?(?:proxy|proxies|HAProxy|balancer|firewall|NAT|router)\b)/i,
    instead: "after",
  },
  { pattern: /\bstands?\b(?!-| (?:in|for|by|out|up|on|still)\b)/i, instead: "is, or has" },
  { pattern: /\bin (?:the )?place of\b/i, instead: "instead of" },
  {
    pattern: /(?:^|[.:;] )What [^.?:;|]*[.,;:]/,
    instead: "a noun: the data that …, the bytes that …",
    isForPublished: true,
  },
  {
    pattern: /(?:^|[.;:] )Who [^.?]*\./,
    instead: "a noun: a client that …, a program that …",
    isForPublished: true,
  },
  {
    pattern:
      /\b(?:of|for|with|than|from|about|after) what (?:is|was|are|were|came|comes|goes|went)\b/i,
    instead: "a noun: the data that …",
    isForPublished: true,
  },
  { pattern: /\bsees? to (?:it|that)\b/i, instead: "makes sure, or does" },
  { pattern: /\b(?:MOST|LEAST)_[A-Z]/, instead: "MAX_, MIN_" },
  {
    pattern: /\b(?:complains? (?:of|that)|gives? up on|giveUp)\b/i,
    instead: "fails, reports, ends",
  },
];

/** A phrase that was found, and where. */
export interface Finding {
  /** The line, from 1. */
  readonly line: number;
  /** The phrase. */
  readonly phrase: string;
  /** What to write instead. */
  readonly instead: string;
}

/**
 * Finds phrases that are not plain.
 *
 * @param path The path of the file, whose ending tells what it is.
 * @param text Its content.
 * @param isPublished Whether the rules for published files hold.
 */
export function findPhrases(path: string, text: string, isPublished = true): Finding[] {
  const prose = path.endsWith(".md") ? proseOfMarkdown(text) : commentsOf(text);
  const findings: Finding[] = [];
  for (const { pattern, instead, isForPublished = false } of RULES) {
    if (isForPublished && !isPublished) continue;
    for (const match of prose.matchAll(new RegExp(pattern, `${pattern.flags}gm`))) {
      const line = prose.slice(0, match.index).split("\n").length;
      findings.push({ line, phrase: match[0].replace(/^[.:;]? /, "").trim(), instead });
    }
  }
  return findings.sort((a, b) => a.line - b.line);
}

/** How wide a line of a comment may be, as the code: `lineWidth` of the formatter. */
const MAX_COLUMNS = 100;

/**
 * Finds lines of comments that are wider than 100 columns. The formatter wraps code only.
 *
 * @param text The content of a TypeScript file. Examples and drawings between fences do not count,
 * nor do tables and lines of one word, such as an address.
 */
export function findWideComments(text: string): Finding[] {
  const findings: Finding[] = [];
  let isFenced = false;
  for (const [index, line] of text.split("\n").entries()) {
    const comment = /^ *(?:\*|\/\*\*?|\/\/) (.*)$/.exec(line)?.[1];
    if (comment?.startsWith("```")) isFenced = !isFenced;
    if (line.length <= MAX_COLUMNS || comment === undefined || isFenced) continue;
    if (comment.startsWith("|") || !comment.trim().includes(" ")) continue;
    findings.push({
      line: index + 1,
      phrase: comment,
      instead: `it within ${MAX_COLUMNS} columns`,
    });
  }
  return findings;
}

/** Finds summaries of exported options types that begin in another way than "Options for". */
export function findOptionsSummaries(text: string): Finding[] {
  const type = /\/\*\*\s+(?:\* )?((?:(?!\*\/)[^])*)\*\/\nexport (?:interface|type) \w*Options\b/g;
  return [...text.matchAll(type)]
    .filter(([, summary]) => !summary?.startsWith("Options for"))
    .map(({ index, 1: summary = "" }) => ({
      line: text.slice(0, index).split("\n").length,
      phrase: summary.split("\n")[0]?.trim() ?? "",
      instead: "Options for …",
    }));
}

/** A text of the same lines, in which only prose is left. */
function proseOfMarkdown(text: string): string {
  const withoutCode = text.replace(
    /^```(\w*)[^\n]*\n([^]*?)^```$/gm,
    (fence, language: string, code: string) =>
      language === "ts" ? `\n${commentsOf(code)}` : blank(fence),
  );
  return withoutNames(withoutCode);
}

/** A text of the same lines, in which only comments are left. */
function commentsOf(text: string): string {
  // An expression between slashes may have quotes in it.
  const token =
    /(?<=[=(,:!?&|[]\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/[\\\n])+\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[^]|[^`\\])*`|\/\*[^]*?\*\/|\/\/[^\n]*|[^]/g;
  const comments = text.replace(
    token,
    (one) => /^\/[*/]/.test(one) ? one.replace(/^[ \t]*\*(?!\/)[ ]?/gm, "") : blank(one),
  );
  return withoutNames(comments.replace(/^ *\/\/ ?|\/\*\*? ?|\*\//gm, ""));
}

/** Removes names in backticks, links and addresses. */
function withoutNames(text: string): string {
  return text
    .replace(/`[^`\n]*`/g, "`…`")
    .replace(/\{@linkcode [^}]*\}/g, "`…`")
    .replace(/\]\([^)]*\)/g, "]")
    .replace(/https?:\/\/\S+/g, "");
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}

/** Lists the files below a path that hold prose. */
async function listFiles(root: URL, path: string): Promise<string[]> {
  if (/\.(?:md|ts)$/.test(path)) return [path];
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(path, root))) {
    if (isDirectory || /\.(?:md|ts)$/.test(name)) {
      files.push(...await listFiles(root, `${path}/${name}`));
    }
  }
  return files.filter((file) => !LEFT_OUT.some((pattern) => pattern.test(file))).sort();
}

if (import.meta.main) {
  const root = new URL("../", import.meta.url);
  const paths = Deno.args.length > 0 ? Deno.args : [...CHECKED, ...UNPUBLISHED];
  let count = 0;
  for (const path of paths) {
    for (const file of await listFiles(root, path)) {
      const text = await Deno.readTextFile(new URL(file, root));
      const isPublished = !UNPUBLISHED.includes(path);
      const findings = findPhrases(file, text, isPublished);
      if (file.endsWith(".ts")) findings.push(...findWideComments(text));
      if (isPublished && file.endsWith(".ts")) findings.push(...findOptionsSummaries(text));
      for (const found of findings) {
        count++;
        console.error(`${file}:${found.line}: "${found.phrase}": write ${found.instead}`);
      }
    }
  }
  if (count > 0) {
    console.error(`${count} phrases are not plain English, or too wide`);
    Deno.exit(1);
  }
}
