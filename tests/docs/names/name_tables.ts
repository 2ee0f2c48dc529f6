/**
 * Reads the tables of a page that compares another library with this one.
 *
 * ```text
 * | `StreamReader`        | here                | difference     |   the owner of the names below
 * | --------------------- | ------------------- | -------------- |
 * | `readline`, `at_eof`  | `readline`, …       | …              |   its names, and what is here for them
 * ```
 *
 * The first cell of a header is the owner of the names in the column below it. The code spans in
 * the
 * other columns are names of this library, of the platform, or, in the form "`delay` of
 * `@std/async`", of a module.
 *
 * @module
 */

/** A name that a page mentions, and the module that has it. */
export interface Counterpart {
  /** The code span. */
  readonly text: string;
  /** The module that is said to have it; this library or the platform if none is named. */
  readonly module?: string;
  /** The line of the page, from 1. */
  readonly line: number;
  /** The page, where several are looked at together. */
  readonly page?: string;
}

/** A row of a table. */
export interface NameRow {
  /** The class or kind that the names belong to. */
  readonly owner: string;
  /** The names of the other library. */
  readonly names: readonly string[];
  /** The text of the second column: never empty on a good page. */
  readonly answer: string;
  /** The code spans of all columns but the first. */
  readonly counterparts: readonly Counterpart[];
  /** The line of the page, from 1. */
  readonly line: number;
}

const OF_MODULE = /`([^`]+)` of `((?:@|node:)[^`]+)`/g;
const SPAN = /`([^`]+)`/g;

/** Reads all rows of a page, in their order. */
export function readRows(page: string): NameRow[] {
  const rows: NameRow[] = [];
  const lines = page.split("\n");
  let owner: string | null = null;
  for (const [index, text] of lines.entries()) {
    if (!text.startsWith("|")) owner = null;
    else if (owner === null) owner = toPlain(cellsOf(text)[0] ?? "");
    else if (!/^\|\s*-/.test(text)) rows.push(readRow(owner, text, index + 1));
  }
  return rows;
}

function readRow(owner: string, text: string, line: number): NameRow {
  const [names = "", answer = "", ...notes] = cellsOf(text);
  const counterparts = [answer, ...notes].flatMap((cell) => readCounterparts(cell, line));
  return { owner, names: spansOf(names), answer, counterparts, line };
}

/** The cells of a line; a `\|` is part of one. */
function cellsOf(line: string): string[] {
  return line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim());
}

function readCounterparts(cell: string, line: number): Counterpart[] {
  const ofModules = [...cell.matchAll(OF_MODULE)]
    .map(([, text = "", module = ""]) => ({ text, module, line }));
  const others = spansOf(cell.replaceAll(OF_MODULE, "")).map((text) => ({ text, line }));
  return [...ofModules, ...others];
}

function spansOf(cell: string): string[] {
  return [...cell.matchAll(SPAN)].map(([, text = ""]) => text);
}

function toPlain(cell: string): string {
  return cell.replaceAll("`", "");
}

/**
 * The faults in the names on a page, against the names that their owner recorded; empty if there is
 * none.
 */
export function compareNames(
  rows: readonly NameRow[],
  recorded: Readonly<Record<string, readonly string[]>>,
): string[] {
  const complaints: string[] = [];
  for (const [owner, names] of Object.entries(recorded)) {
    const own = rows.filter((row) => row.owner === owner);
    const listed = own.flatMap((row) => row.names);
    complaints.push(
      ...names.filter((name) => !listed.includes(name)).map((name) =>
        `no row for ${owner} ${name}`
      ),
      ...listed.filter((name) => !names.includes(name)).map((name) => `${owner} has no ${name}`),
      ...listed.filter((name, index) => listed.indexOf(name) !== index)
        .map((name) => `two rows for ${owner} ${name}`),
      ...own.filter((row) => row.answer === "").map((row) => `line ${row.line}: nothing said`),
    );
  }
  return complaints;
}
