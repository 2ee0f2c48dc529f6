/** A piece of code on a page. */
export interface Fence {
  /** Its language, as in `ts`. */
  readonly language: string;
  /**
   * The file that the line before it says it is: the last code span of a line that ends in a colon.
   */
  readonly file: string | undefined;
  /** The code. */
  readonly code: string;
  /** The line of the page where it begins, from 1. */
  readonly line: number;
}

/** Reads the fences of a page, in their order. */
export function readFences(page: string): Fence[] {
  return [...page.matchAll(/^```(\w+).*\n([\s\S]*?)^```$/gm)]
    .map(({ 1: language = "", 2: code = "", index }) => {
      const before = page.slice(0, index);
      return { language, file: fileOf(before), code, line: before.split("\n").length };
    });
}

function fileOf(before: string): string | undefined {
  return /`([^`\n]+)`:\s*$/.exec(before)?.[1];
}
