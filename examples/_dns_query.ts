/**
 * Reads queries of the DNS (RFC 1035). A stranger wrote every length and every pointer in a query,
 * so each is checked before it is used (RFC 9267 lists the faults of programs that do not).
 *
 * ```text
 * header: id, flags, four counts of 2 bytes    question: name, type, class    ... other records: EDNS
 * ```
 *
 * @module
 */

/** The size of the header, in bytes. */
export const HEADER_SIZE = 12;
/** The longest name and the longest part of one, in bytes on the wire. */
const MAX_NAME_SIZE = 255;
const MAX_LABEL_SIZE = 63;
/** The type of the record that EDNS puts into a query (RFC 6891). */
const TYPE_OPT = 41;
/** Longer answers do not go over UDP, even if a client accepts more: fragments get lost. */
const MAX_UDP_SIZE = 1232;
const MIN_UDP_SIZE = 512;

/** A query that can be answered. */
export interface DnsQuery {
  /** The number by which the client finds the answer. */
  readonly id: number;
  /** The kind of query: 0 is a standard query. */
  readonly opcode: number;
  /** Whether the client wants others to be asked on its behalf. */
  readonly wantsRecursion: boolean;
  /** The name, in lower case, without the last dot. */
  readonly name: string;
  /** The type of the records. */
  readonly type: number;
  /** The class of the records: 1 is the Internet. */
  readonly class: number;
  /** The question as it came, to be repeated in the answer. */
  readonly question: Uint8Array;
  /** The version of EDNS; `null` without. */
  readonly ednsVersion: number | null;
  /** The longest answer that the client takes over UDP, in bytes. */
  readonly maxUdpSize: number;
}

/** A query that is malformed. */
export class DnsFormatError extends Error {
  override name = "DnsFormatError";
}

/**
 * Reads a query.
 *
 * @throws {DnsFormatError} If it is malformed.
 */
export function readQuery(message: Uint8Array): DnsQuery {
  const reader = new DnsReader(message);
  const [id, flags] = [reader.uint16(), reader.uint16()];
  const [questions, answers] = [reader.uint16(), reader.uint16()];
  const further = reader.uint16() + reader.uint16();
  if (questions !== 1) throw new DnsFormatError(`${questions} questions`);
  if (answers !== 0) throw new DnsFormatError("a query with answers");
  const name = reader.name().join(".").toLowerCase();
  const [type, dnsClass] = [reader.uint16(), reader.uint16()];
  const question = message.subarray(HEADER_SIZE, reader.position);
  const { ednsVersion, maxUdpSize } = readEdns(reader, further);
  return {
    id,
    opcode: flags >> 11 & 15,
    wantsRecursion: (flags & 0x100) !== 0,
    name,
    type,
    class: dnsClass,
    question,
    ednsVersion,
    maxUdpSize,
  };
}

/** Goes through the records after the question and reads the one of EDNS. */
function readEdns(
  reader: DnsReader,
  records: number,
): Pick<DnsQuery, "ednsVersion" | "maxUdpSize"> {
  let [ednsVersion, maxUdpSize]: [number | null, number] = [null, MIN_UDP_SIZE];
  for (let left = records; left > 0; left--) {
    const name = reader.name();
    const [type, size, codeAndVersion] = [reader.uint16(), reader.uint16(), reader.uint16()];
    // The second half of the field that is a time in other records.
    reader.skip(2);
    reader.skip(reader.uint16());
    if (type !== TYPE_OPT) continue;
    if (name.length > 0 || ednsVersion !== null) throw new DnsFormatError("a wrong OPT record");
    ednsVersion = codeAndVersion & 255;
    maxUdpSize = Math.min(Math.max(size, MIN_UDP_SIZE), MAX_UDP_SIZE);
  }
  if (!reader.isAtEnd) throw new DnsFormatError("bytes after the last record");
  return { ednsVersion, maxUdpSize };
}

/** Reads a message from its start. */
class DnsReader {
  readonly #message: Uint8Array;
  #position = 0;

  constructor(message: Uint8Array) {
    this.#message = message;
  }

  get position(): number {
    return this.#position;
  }

  get isAtEnd(): boolean {
    return this.#position === this.#message.length;
  }

  uint16(): number {
    const [high, low] = [this.#byte(this.#position), this.#byte(this.#position + 1)];
    this.#position += 2;
    return high * 256 + low;
  }

  skip(bytes: number): void {
    if (this.#position + bytes > this.#message.length) throw new DnsFormatError("it is cut off");
    this.#position += bytes;
  }

  /**
   * The labels of a name. A pointer to labels that came before ends it; each must point further
   * back than the name, or the pointer before, so that they cannot go in circles.
   */
  name(): string[] {
    const labels: string[] = [];
    let position = this.#position;
    let lowest = position;
    let size = 1;
    let end: number | null = null;
    for (;;) {
      const length = this.#byte(position);
      if (length === 0) break;
      if (length >= 0xc0) {
        const target = (length & 0x3f) * 256 + this.#byte(position + 1);
        if (target < HEADER_SIZE || target >= lowest) throw new DnsFormatError("a wrong pointer");
        end ??= position + 2;
        lowest = position = target;
      } else if (length > MAX_LABEL_SIZE) throw new DnsFormatError("a label of a wrong kind");
      else {
        size += length + 1;
        if (size > MAX_NAME_SIZE) throw new DnsFormatError("a name that is too long");
        labels.push(this.#label(position + 1, length));
        position += length + 1;
      }
    }
    this.#position = end ?? position + 1;
    return labels;
  }

  #label(start: number, length: number): string {
    let label = "";
    for (let i = start; i < start + length; i++) label += String.fromCharCode(this.#byte(i));
    // A dot inside of a label must not look like one between two.
    return label.replaceAll(".", "\\.");
  }

  #byte(position: number): number {
    const byte = this.#message[position];
    if (byte === undefined) throw new DnsFormatError("it is cut off");
    return byte;
  }
}
