import type { Text } from "./store.ts";

const ESCAPES: { readonly [character: string]: string } = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  a: "\x07",
};

/**
 * Splits a typed command into its words, as Redis does: `SET greeting "hello \x41\n"`.
 *
 * @param line The line without its LF.
 * @returns The words, or `null` if a quote is not closed, or more follows directly after it.
 */
export function splitWords(line: Uint8Array): Text[] | null {
  // One character for each byte.
  const text = Array.from(line, (byte) => String.fromCharCode(byte)).join("");
  const words: Text[] = [];
  const end = text.indexOf("\0") === -1 ? text.length : text.indexOf("\0");
  let at = 0;
  while (true) {
    while (/\s/.test(text.charAt(at)) && at < end) at++;
    if (at >= end) return words;
    const word = readWord(text.slice(0, end), at);
    if (word === null) return null;
    words.push(fromBytes(word.text));
    at = word.end;
  }
}

/** A word with its quotes removed, and where it ends. */
function readWord(text: string, start: number): { text: string; end: number } | null {
  let word = "";
  let at = start;
  while (at < text.length && !/[ \n\r\t]/.test(text.charAt(at))) {
    const character = text.charAt(at);
    if (character !== '"' && character !== "'") {
      word += character;
      at++;
      continue;
    }
    const quoted = readQuoted(text, at);
    if (quoted === null) return null;
    return { text: word + quoted.text, end: quoted.end };
  }
  return { text: word, end: at };
}

/** The text in quotes, and where the closing quote ends. A space or the end must follow it. */
function readQuoted(text: string, start: number): { text: string; end: number } | null {
  const pattern = text.charAt(start) === '"'
    ? /"((?:\\x[\da-f]{2}|\\[^]|[^"\\])*)"(?=\s|$)/iy
    : /'((?:\\'|[^'])*)'(?=\s|$)/y;
  pattern.lastIndex = start;
  const [whole, inner] = pattern.exec(text) ?? [];
  if (whole === undefined || inner === undefined) return null;
  return { text: unescape(inner, text.charAt(start)), end: start + whole.length };
}

function unescape(text: string, quote: string): string {
  if (quote === "'") return text.replaceAll("\\'", "'");
  return text.replace(
    /\\(?:x([\da-f]{2})|([^]))/gi,
    (_, hex?: string, character = "") =>
      hex === undefined ? ESCAPES[character] ?? character : String.fromCharCode(parseInt(hex, 16)),
  );
}

/** The text of bytes that are given as characters, or the bytes if they are not UTF-8. */
function fromBytes(characters: string): Text {
  const bytes = Uint8Array.from(characters, (character) => character.charCodeAt(0));
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return bytes;
  }
}
