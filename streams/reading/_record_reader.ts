import { type Bytes, checkBytes, copyOf } from "../../protocols/bytes.ts";
import { IncompleteReadError, LimitOverrunError, TextDecodeError } from "../../protocols/errors.ts";
import { SeparatorSearch } from "../../protocols/framing/separator_search.ts";
import type { WaitSignal } from "../../protocols/waits/wait_signal.ts";
import type { ReadState } from "./_read_state.ts";
import type { ReadRecordOptions } from "./read_options.ts";

const LINE_FEED: readonly Uint8Array[] = [new Uint8Array([10])];
const encoder = new TextEncoder();
/** Replaces what is not UTF-8, and keeps every character, a byte order mark as well. */
const LENIENT = new TextDecoder("utf-8", { ignoreBOM: true });

/** One separator, or several; a string is UTF-8. */
export type Separator = Uint8Array | string | readonly (Uint8Array | string)[];

/** A record as bytes or as text. */
type As<A> = A extends "text" ? string : Bytes;

/**
 * Reads lines, and records up to other separators. A search goes on where the last one stopped, so
 * that no byte is searched twice.
 */
export class RecordReader {
  readonly #state: ReadState;
  #lines: SeparatorSearch | null = null;
  // The last separator, and its search.
  #last: { readonly parts: readonly Uint8Array[]; readonly search: SeparatorSearch } | null = null;

  /** Reads of what a reader holds. */
  constructor(state: ReadState) {
    this.#state = state;
  }

  /** Has the next searches begin anew: bytes were put in front. */
  forget(): void {
    this.#lines = null;
    this.#last = null;
  }

  /** Reads a line; what is left at the end of the data. */
  readLine<A extends "bytes" | "text">(
    signal: WaitSignal | undefined,
    options: ReadRecordOptions<A>,
  ): Promise<As<A>> {
    const state = this.#state;
    return state.read(signal, () => {
      const length = this.#findLineEnd() ?? (state.isEnded ? state.buffer.length : null);
      return length === null ? undefined : this.#take(length, options);
    });
  }

  /** Reads a record. */
  readRecord<A extends "bytes" | "text">(
    separator: Separator,
    signal: WaitSignal | undefined,
    options: ReadRecordOptions<A>,
  ): Promise<As<A>> {
    const state = this.#state;
    let search: SeparatorSearch | null = null;
    return state.read(signal, () => {
      search ??= this.#searchFor(separator);
      const length = this.#findEnd(search);
      if (length !== null) return this.#take(length, options);
      if (!state.isEnded) return undefined;
      throw new IncompleteReadError(state.consume(state.buffer.takeAll()), null);
    });
  }

  #findLineEnd(): number | null {
    try {
      return this.#findEnd(this.#lines ??= new SeparatorSearch(LINE_FEED));
    } catch (error) {
      if (error instanceof LimitOverrunError) this.#dropLine(error);
      throw error;
    }
  }

  #searchFor(separator: Separator): SeparatorSearch {
    const list = Array.isArray(separator) ? separator : [separator];
    const parts = list.map(toSeparator);
    // By content: the same array may hold something else by now.
    if (this.#last !== null && areSame(parts, this.#last.parts)) return this.#last.search;
    const search = new SeparatorSearch(parts);
    this.#last = { parts, search };
    return search;
  }

  /** The length of a record that is there, whole; `null` if more bytes are needed to know. */
  #findEnd(search: SeparatorSearch): number | null {
    const { buffer, limit } = this.#state;
    const match = search.find(buffer);
    if (match !== null) {
      if (match.start > limit) throw new LimitOverrunError(match.start, limit, true);
      return match.end;
    }
    const searched = buffer.length + 1 - search.longest;
    if (searched > limit) throw new LimitOverrunError(searched, limit, false);
    return null;
  }

  #take<A extends "bytes" | "text">(length: number, options: ReadRecordOptions<A>): As<A> {
    const isText = options.as === "text";
    // By the option, as its type says.
    return (isText ? this.#takeText(length, options) : this.#state.buffer.take(length)) as As<A>;
  }

  #takeText(length: number, { invalid }: { readonly invalid?: string }): string {
    const { buffer } = this.#state;
    try {
      return buffer.takeText(length);
    } catch (error) {
      const bytes = this.#state.consume(buffer.take(length));
      if (invalid === "error") throw new TextDecodeError(bytes, { cause: error });
      return LENIENT.decode(bytes);
    }
  }

  /** Drops an overlong line with its end, or all that is there. */
  #dropLine({ consumed }: LimitOverrunError): void {
    const { buffer } = this.#state;
    if (buffer.byteAt(consumed) === 10) buffer.skip(consumed + 1);
    else buffer.clear();
    this.#state.consume(undefined);
  }
}

/** A separator as bytes that do not change any more. */
function toSeparator(part: Uint8Array | string): Uint8Array {
  if (typeof part === "string") return encoder.encode(part);
  checkBytes(part, "search for");
  return copyOf(part);
}

/** Whether two lists hold the same bytes. */
function areSame(parts: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  return parts.length === others.length && parts.every((part, i) => {
    const other = others[i];
    return part.length === other?.length && part.every((byte, j) => byte === other[j]);
  });
}
