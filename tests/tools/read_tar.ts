/** The size of a header, and what the content of each file is filled up to, in bytes. */
const BLOCK = 512;

/**
 * Reads a tar file that is packed with gzip.
 *
 * @param stream The file.
 * @returns The content of each file in it by its path.
 */
export async function readTar(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const bytes = await new Response(stream.pipeThrough(new DecompressionStream("gzip"))).bytes();
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  let longName: string | undefined;
  let offset = 0;
  // Two empty blocks end it.
  while (offset < bytes.length && bytes[offset] !== 0) {
    const header = bytes.subarray(offset, offset + BLOCK);
    const size = parseInt(readText(header, 124, 12), 8);
    const content = bytes.slice(offset + BLOCK, offset + BLOCK + size);
    // "L": the next file has a name that is too long for its header.
    const kind = readText(header, 156, 1);
    if (kind === "L") longName = readText(content, 0, size);
    else {
      const path = longName ?? joinPath(readText(header, 345, 155), readText(header, 0, 100));
      if (kind === "" || kind === "0") files.set(path.replace(/^\.?\//, ""), content);
      longName = undefined;
    }
    offset += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

/** The text of a field, which a NUL ends if it is shorter. */
function readText(bytes: Uint8Array, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end)).trim();
}

function joinPath(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}
