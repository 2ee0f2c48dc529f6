/** Text as the content of an element or of an attribute of SVG. */
export function escapeText(text: string): string {
  return text
    .toWellFormed()
    // Characters that XML does not have at all.
    // deno-lint-ignore no-control-regex -- they are what is looked for
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** Text that is not longer than `most` characters. */
export function cutText(text: string, most: number): string {
  const characters = [...text];
  if (characters.length <= most) return text;
  return `${characters.filter((_, index) => index < most - 1).join("")}…`;
}
