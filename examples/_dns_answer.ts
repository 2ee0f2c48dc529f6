/**
 * Answers queries of the DNS from a table (RFC 1035, RFC 2308 for names and types that are not
 * there).
 *
 * @module
 */
import { DnsFormatError, type DnsQuery, HEADER_SIZE, readQuery } from "./_dns_query.ts";

/** The numbers of the types that the table can hold. */
const TYPES = { A: 1, SOA: 6, TXT: 16, AAAA: 28 } as const;
/** The type in a question that means every type. */
const TYPE_ANY = 255;
const CLASS_IN = 1;
/** How long an answer may be kept, in seconds. */
const TTL = 60;
/** Where the name of the question is, for records that are of it. */
const POINTER_TO_QUESTION = [0xc0, HEADER_SIZE];

const NO_ERROR = 0;
const FORMAT_ERROR = 1;
const NO_SUCH_NAME = 3;
const NOT_IMPLEMENTED = 4;
const REFUSED = 5;
/** Not a code of its own: 16, of which four bits go into the OPT record. */
const BAD_EDNS_VERSION = 16;

/** The records of the names of a zone. */
export interface DnsZone {
  /** The name of the zone. */
  readonly name: string;
  /** For each name its records. */
  readonly records: Readonly<Record<string, DnsRecords>>;
}

/** The records of one name, as text. */
export interface DnsRecords {
  /** IPv4 addresses. */
  readonly A?: readonly string[];
  /** IPv6 addresses. */
  readonly AAAA?: readonly string[];
  /** Texts of at most 255 bytes. */
  readonly TXT?: readonly string[];
}

/**
 * Answers a query. Never throws.
 *
 * @param zone The table.
 * @param message The query, as it came.
 * @param transport Over UDP an answer that is too long is cut short, and marked so: the client asks
 * again over TCP.
 * @returns The answer; `null` for what gets none: what is too short, and what is an answer itself.
 */
export function answerQuery(
  zone: DnsZone,
  message: Uint8Array,
  transport: "udp" | "tcp",
): Uint8Array | null {
  const [idHigh = 0, idLow = 0, flags = 0] = message;
  // An answer to an answer would go to and fro for ever.
  if (message.length < HEADER_SIZE || (flags & 0x80) !== 0) return null;
  try {
    return answer(zone, readQuery(message), transport);
  } catch (error) {
    if (!(error instanceof DnsFormatError)) throw error;
    return new Uint8Array([idHigh, idLow, 0x80 | flags & 0x79, FORMAT_ERROR, ...Array(8).fill(0)]);
  }
}

interface Outcome {
  readonly code: number;
  readonly answers: readonly (readonly number[])[];
  readonly authority: readonly (readonly number[])[];
}

function answer(zone: DnsZone, query: DnsQuery, transport: "udp" | "tcp"): Uint8Array {
  const outcome = lookUp(zone, query);
  const whole = write(query, outcome, false);
  if (transport === "tcp" || whole.length <= query.maxUdpSize) return whole;
  return write(query, { ...outcome, answers: [], authority: [] }, true);
}

function lookUp(zone: DnsZone, query: DnsQuery): Outcome {
  const nothing = { answers: [], authority: [] };
  if (query.opcode !== 0) return { code: NOT_IMPLEMENTED, ...nothing };
  if (query.ednsVersion !== null && query.ednsVersion > 0) {
    return { code: BAD_EDNS_VERSION, ...nothing };
  }
  const isInZone = query.name === zone.name || query.name.endsWith(`.${zone.name}`);
  if (query.class !== CLASS_IN || !isInZone) return { code: REFUSED, ...nothing };
  const records = Object.hasOwn(zone.records, query.name) ? zone.records[query.name] : undefined;
  const authority = [startOfAuthority(zone)];
  if (records === undefined) {
    // A name with names below it exists, even without records of its own (RFC 8020).
    const hasBelow = Object.keys(zone.records).some((name) => name.endsWith(`.${query.name}`));
    return { code: hasBelow ? NO_ERROR : NO_SUCH_NAME, answers: [], authority };
  }
  const answers = recordsFor(records, query.type);
  return { code: NO_ERROR, answers, authority: answers.length > 0 ? [] : authority };
}

function recordsFor(records: DnsRecords, type: number): (readonly number[])[] {
  const { A = [], AAAA = [], TXT = [] } = records;
  const all = [
    ...A.map((text) => ({ type: TYPES.A, data: text.split(".").map(Number) })),
    ...AAAA.map((text) => ({ type: TYPES.AAAA, data: toIpv6(text) })),
    ...TXT.map((text) => ({ type: TYPES.TXT, data: toString(text) })),
  ];
  const wanted = all.filter((record) => type === TYPE_ANY || record.type === type);
  return wanted.map((record) => toRecord(POINTER_TO_QUESTION, record.type, record.data));
}

function write(
  query: DnsQuery,
  { code, answers, authority }: Outcome,
  isTruncated: boolean,
): Uint8Array {
  const hasEdns = query.ednsVersion !== null;
  const isAuthoritative = code === NO_ERROR || code === NO_SUCH_NAME;
  const flags = 0x8000 | (isAuthoritative ? 0x400 : 0) | query.opcode << 11 |
    (isTruncated ? 0x200 : 0) |
    (query.wantsRecursion ? 0x100 : 0) | code & 15;
  const counts = [1, answers.length, authority.length, hasEdns ? 1 : 0];
  return new Uint8Array([
    ...[query.id, flags, ...counts].flatMap(toBytes16),
    ...query.question,
    ...answers.flat(),
    ...authority.flat(),
    ...(hasEdns ? [0, 0, 41, ...toBytes16(1232), code >> 4, 0, 0, 0, 0, 0] : []),
  ]);
}

function startOfAuthority({ name }: DnsZone): number[] {
  const owner = toName(name);
  const numbers = [1, 3600, 600, 86_400, TTL].flatMap(toBytes32);
  return toRecord(owner, TYPES.SOA, [
    ...toName(`ns.${name}`),
    ...toName(`admin.${name}`),
    ...numbers,
  ]);
}

function toRecord(owner: readonly number[], type: number, data: readonly number[]): number[] {
  const head = [...owner, ...toBytes16(type), ...toBytes16(CLASS_IN), ...toBytes32(TTL)];
  return [...head, ...toBytes16(data.length), ...data];
}

function toName(name: string): number[] {
  return [...name.split(".").flatMap(toString), 0];
}

function toString(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [bytes.length, ...bytes];
}

function toIpv6(text: string): number[] {
  const [before = "", after] = text.split("::");
  const groups = (half: string): number[] =>
    half === "" ? [] : half.split(":").map((group) => parseInt(group, 16));
  const [left, right] = [groups(before), groups(after ?? "")];
  const zeros = Array(8 - left.length - right.length).fill(0);
  return [...left, ...zeros, ...right].flatMap(toBytes16);
}

function toBytes16(value: number): number[] {
  return [value >> 8 & 255, value & 255];
}

function toBytes32(value: number): number[] {
  return [...toBytes16(value >>> 16), ...toBytes16(value & 0xffff)];
}
