// Stand-in for jsr:@std/streams, used only where JSR cannot be reached.

/** The place of the delimiters: the end of a chunk, the start of the next, or none. */
export type DelimiterDisposition = "suffix" | "prefix" | "discard";

/** Options for {@linkcode DelimiterStream}. */
export interface DelimiterStreamOptions {
  /**
   * The place of the delimiters.
   *
   * @default {"discard"}
   */
  disposition?: DelimiterDisposition;
}

/**
 * Cuts a stream of bytes at each delimiter. The rest is a chunk, even if empty.
 */
export class DelimiterStream extends TransformStream<Uint8Array, Uint8Array> {
  #delimiter: Uint8Array;
  #disposition: DelimiterDisposition;
  #fallback: number[];
  /** How many bytes of a delimiter the data so far ends with. */
  #matched = 0;
  #pending: Uint8Array[] = [];

  /**
   * Makes the stream.
   *
   * @param delimiter The bytes to cut at, one or more
   * @param options What becomes of them
   */
  constructor(delimiter: Uint8Array, options: DelimiterStreamOptions = {}) {
    super({
      transform: (chunk, controller) => this.#cut(chunk, controller),
      flush: (controller) => controller.enqueue(join(this.#pending)),
    });
    this.#delimiter = delimiter;
    this.#disposition = options.disposition ?? "discard";
    this.#fallback = fallbackTable(delimiter);
  }

  #cut(chunk: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>): void {
    const isPrefix = this.#disposition === "prefix";
    const kept = this.#disposition === "suffix" ? 0 : this.#delimiter.length;
    let start = 0;
    for (let end = this.#find(chunk, 0); end !== -1; end = this.#find(chunk, end)) {
      const cut = end - kept;
      if (cut < 0) {
        // The delimiter began in what came before. As in version 1.1.2, all of that part is taken
        // to be in the last chunk before this one.
        const last = this.#pending.pop() ?? new Uint8Array();
        const head = last.subarray(0, last.length + cut);
        controller.enqueue(join([...this.#pending, head]));
        this.#pending = isPrefix ? [last.subarray(last.length + cut)] : [];
      } else {
        if (cut > start) this.#pending.push(chunk.subarray(start, cut));
        controller.enqueue(join(this.#pending));
        this.#pending = [];
      }
      start = isPrefix ? Math.max(cut, 0) : end;
    }
    // As there, a chunk without any bytes counts as that last chunk.
    if (start === 0 || start < chunk.length) this.#pending.push(chunk.subarray(start));
  }

  /** The index after the next delimiter that ends in the chunk, -1 if there is none. */
  #find(chunk: Uint8Array, from: number): number {
    const delimiter = this.#delimiter;
    let matched = this.#matched;
    for (let index = from; index < chunk.length; index++) {
      while (matched > 0 && chunk[index] !== delimiter[matched]) {
        matched = this.#fallback[matched - 1] ?? 0;
      }
      if (chunk[index] !== delimiter[matched]) continue;
      matched++;
      if (matched === delimiter.length) {
        this.#matched = 0;
        return index + 1;
      }
    }
    this.#matched = matched;
    return -1;
  }
}

/**
 * For each number of matched bytes, the longest shorter match that the same bytes also are: the
 * search goes on from there when the next byte does not fit (Knuth, Morris and Pratt).
 */
function fallbackTable(pattern: Uint8Array): number[] {
  const table = [0];
  let matched = 0;
  for (let index = 1; index < pattern.length; index++) {
    while (matched > 0 && pattern[index] !== pattern[matched]) matched = table[matched - 1] ?? 0;
    if (pattern[index] === pattern[matched]) matched++;
    table.push(matched);
  }
  return table;
}

/** One array of several, the same one if there is no other. */
function join(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1 && parts[0]) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
