/** How many bytes stand in one line. */
const LINE = 16;

/**
 * Bytes in the manner of `hexdump -C`: `00000010  48 65 6c …  |Hel…|`.
 *
 * @param bytes What to show.
 * @param offset What the first byte counts as.
 * @returns The lines, without line breaks.
 */
export function* hexDump(bytes: Uint8Array, offset = 0): Generator<string> {
  for (let start = 0; start < bytes.length; start += LINE) {
    const line = Array.from(bytes.subarray(start, start + LINE));
    const hex = line.map((byte) => byte.toString(16).padStart(2, "0"));
    const halves = `${hex.slice(0, 8).join(" ")}  ${hex.slice(8).join(" ")}`;
    const text = line.map((byte) => byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".");
    const address = (offset + start).toString(16).padStart(8, "0");
    yield `${address}  ${halves.padEnd(48)}  |${text.join("")}|`;
  }
}
