/** The bytes that a read of a Web reader waits for. */
export interface ReadRequest {
  /** So many must be there. */
  readonly least: number;
  /** They come in multiples of this: the size of an element. */
  readonly unit: number;
}

/** Any number of bytes. */
export const ANYTHING: ReadRequest = { least: 1, unit: 1 };

/**
 * The pending reads of one Web reader. The platform tells the source of a byte stream that there is
 * a read, but not how many bytes satisfy it, nor that it was cancelled. Bytes that are enqueued for
 * such a read stay inside the stream, where only Web readers reach them.
 */
export class ReadRequests {
  readonly #waiting: ReadRequest[] = [];

  /** The one whose turn it is; `null` if none waits. */
  get first(): ReadRequest | null {
    return this.#waiting[0] ?? null;
  }

  /** Notes every read of `reader`. */
  watch(reader: ReadableStreamReader<unknown>): void {
    if (reader instanceof ReadableStreamBYOBReader) this.#watchByob(reader);
    else {
      const read = reader.read.bind(reader);
      override(reader, { read: () => this.#note(ANYTHING, read) });
    }
  }

  #watchByob(reader: ReadableStreamBYOBReader): void {
    const noted = reader.read.bind(reader);
    const read: typeof noted = (view, options) => {
      const request = requestOf(view, options?.min);
      const start = () => noted(view, options);
      return request === null ? start() : this.#note(request, start);
    };
    override(reader, { read });
  }

  /** Noted first: the source is asked while the read is being started. */
  #note<T>(request: ReadRequest, start: () => Promise<T>): Promise<T> {
    this.#waiting.push(request);
    const reading = start();
    const forget = () => {
      const index = this.#waiting.indexOf(request);
      if (index !== -1) this.#waiting.splice(index, 1);
    };
    reading.then(forget, forget);
    return reading;
  }
}

/**
 * Has one object use other methods than its class. They are no more visible than those: a copy and
 * a listing of the properties has none of them.
 */
export function override<T extends object>(target: T, methods: Partial<T>): void {
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(target, name, { value, writable: true, configurable: true });
  }
}

/** The request of a BYOB read; `null` for one that the platform refuses. */
function requestOf(view: ArrayBufferView | undefined, min = 1): ReadRequest | null {
  if (!ArrayBuffer.isView(view)) return null;
  const unit = "BYTES_PER_ELEMENT" in view ? Number(view.BYTES_PER_ELEMENT) : 1;
  const least = Math.trunc(min) * unit;
  return least > 0 && least <= view.byteLength ? { least, unit } : null;
}
