/**
 * Whether a text matches a pattern as Redis has them: `*`, `?`, `[a-c]`, `[^a]`, and `\` before any
 * of these.
 *
 * Takes at most the product of both lengths: after a mismatch only the last `*` is tried again.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < text.length;) {
    if (pattern[at] === "*") {
      star = at++;
      resume = i;
      continue;
    }
    const next = matchOne(pattern, at, text.charAt(i));
    if (next !== -1) {
      at = next;
      i++;
    } else if (star !== -1) {
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at >= pattern.length;
}

/** Where the pattern goes on after one character, or -1 if it does not match. */
function matchOne(pattern: string, at: number, character: string): number {
  switch (pattern[at]) {
    case undefined:
      return -1;
    case "?":
      return at + 1;
    case "[":
      return matchClass(pattern, at + 1, character);
    case "\\":
      if (at + 1 < pattern.length) return pattern[at + 1] === character ? at + 2 : -1;
  }
  return pattern[at] === character ? at + 1 : -1;
}

function matchClass(pattern: string, start: number, character: string): number {
  const isNegated = pattern[start] === "^";
  let isIn = false;
  let at = isNegated ? start + 1 : start;
  for (; at < pattern.length && pattern[at] !== "]"; at++) {
    if (pattern[at] === "\\" && at + 1 < pattern.length) at++;
    const low = pattern.charAt(at);
    const isRange = pattern[at + 1] === "-" && at + 2 < pattern.length;
    if (isRange) at += 2;
    const high = pattern.charAt(at);
    if ((low <= character && character <= high) || (high <= character && character <= low)) {
      isIn = true;
    }
  }
  return isIn === isNegated ? -1 : at + 1;
}
