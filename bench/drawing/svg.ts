/** The elements of a picture, and the frame around all of them. */

/** Width of every picture, in pixels: that of a page on GitHub. */
export const WIDTH = 960;

/** Space at the left and right edge. */
export const MARGIN = 16;

const LINE_HEIGHT = 16;
const FOOT_CHARACTERS = 150; // that fit into a line of the foot

// Colours of both themes: a picture has no background of its own and stands on the page's.
const STYLE = `
text{font:12px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2328}
.title{font-size:16px;font-weight:600}
.head{font-weight:600}
.soft{fill:#59636e}
.small{font-size:11px}
.own-text{fill:#0550ae;font-weight:600}
.base-text{fill:#953800;font-weight:600}
.bar-own{fill:#0969da}.bar-base{fill:#d4761d}.bar-peer{fill:#afb8c1}
.line-own{stroke:#0969da}.line-base{stroke:#d4761d}.line-peer{stroke:#afb8c1}
.dot-own{fill:#0969da}.dot-base{fill:#d4761d}.dot-peer{fill:#afb8c1}
.curve{fill:none;stroke-width:2}
.grid{stroke:#d1d9e0;stroke-width:1}
.mark{stroke:#d4761d;stroke-width:1;stroke-dasharray:3 3}
.whisker{stroke:#1f2328;stroke-width:1.2}
@media (prefers-color-scheme:dark){
text{fill:#f0f6fc}
.soft{fill:#9198a1}
.own-text{fill:#79c0ff}
.base-text{fill:#f0a65e}
.bar-own{fill:#388bfd}.bar-base{fill:#d4761d}.bar-peer{fill:#57606a}
.line-own{stroke:#58a6ff}.line-base{stroke:#e3862f}.line-peer{stroke:#6e7781}
.dot-own{fill:#58a6ff}.dot-base{fill:#e3862f}.dot-peer{fill:#6e7781}
.grid{stroke:#3d444d}
.mark{stroke:#e3862f}
.whisker{stroke:#f0f6fc}
}`;

/** Whose a bar or a line is, which chooses its colour. */
export type Kind = "own" | "base" | "peer";

/**
 * Makes text safe inside an element.
 *
 * @param text Any text.
 * @returns The text with `&`, `<`, `>` and `"` replaced.
 */
export function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/**
 * Writes an element.
 *
 * @param name Its name.
 * @param attributes Its attributes; numbers are written to a tenth.
 * @param content What it holds, already escaped.
 * @returns The element.
 */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  content = "",
): string {
  const list = Object.entries(attributes).map(([key, value]) =>
    ` ${key}="${typeof value === "number" ? Math.round(value * 10) / 10 : escapeText(value)}"`
  ).join("");
  return content === "" ? `<${name}${list}/>` : `<${name}${list}>${content}</${name}>`;
}

/**
 * Writes a line of text.
 *
 * @param x Where.
 * @param y The base line.
 * @param content The text.
 * @param style Classes, and "end" or "middle" to anchor it there.
 * @returns The element.
 */
export function label(
  x: number,
  y: number,
  content: string,
  style: { readonly class?: string; readonly anchor?: "start" | "middle" | "end" } = {},
): string {
  const attributes: Record<string, string | number> = { x, y };
  if (style.class !== undefined) attributes.class = style.class;
  if (style.anchor !== undefined) attributes["text-anchor"] = style.anchor;
  return element("text", attributes, escapeText(content));
}

/** Breaks words into lines of at most so many characters. */
function wrap(text: string, limit: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < limit) {
      lines.splice(-1, 1, `${last} ${word}`);
    } else lines.push(word);
  }
  return lines;
}

/** Part of a picture. */
export interface Panel {
  /** Its elements, drawn from the point 0, 0. */
  readonly content: string;
  /** Its height in pixels. */
  readonly height: number;
}

/**
 * Puts panels into a picture with a title above and the conditions of the run below.
 *
 * @param title What is shown.
 * @param subtitle How to read it.
 * @param rows Lines of panels, each line sharing the width equally.
 * @param foot Sentences on where the figures come from.
 * @returns The text of an SVG file.
 */
export function picture(
  title: string,
  subtitle: string,
  rows: readonly (readonly Panel[])[],
  foot: readonly string[],
): string {
  const parts = [
    label(MARGIN, 26, title, { class: "title" }),
    label(MARGIN, 46, subtitle, { class: "soft" }),
  ];
  let y = 62;
  for (const row of rows) {
    row.forEach((panel, i) =>
      parts.push(
        element("g", { transform: `translate(${i * panelWidth(row.length)} ${y})` }, panel.content),
      )
    );
    y += Math.max(...row.map(({ height }) => height)) + 14;
  }
  for (const line of foot.flatMap((sentence) => wrap(sentence, FOOT_CHARACTERS))) {
    parts.push(label(MARGIN, y + 10, line, { class: "soft small" }));
    y += LINE_HEIGHT;
  }
  const size = { width: WIDTH, height: y + 8, viewBox: `0 0 ${WIDTH} ${y + 8}` };
  const frame = { xmlns: "http://www.w3.org/2000/svg", ...size, role: "img", "aria-label": title };
  return element("svg", frame, `<style>${STYLE}\n</style>\n${parts.join("\n")}\n`) + "\n";
}

/**
 * Returns the width that each of several panels in a line has.
 *
 * @param count How many there are.
 * @returns Pixels, margins included.
 */
export function panelWidth(count: number): number {
  return WIDTH / count;
}
