import { show } from "../../../protocols/option_checks.ts";

/**
 * The kind of a segment: it opens a connection, answers that, carries bytes, ends a direction, or
 * resets the connection; `UDP` is a datagram.
 */
export type SegmentKind = "SYN" | "SYN-ACK" | "DATA" | "FIN" | "RST" | "UDP";

/** A segment or a datagram. A {@linkcode SegmentRule} is asked about it before it leaves. */
export interface Segment {
  /** The kind of the segment. */
  readonly segment: SegmentKind;
  /** The number of the connection in its world, from 1; 0 for a datagram. */
  readonly connection: number;
  /** The host that it leaves. */
  readonly from: string;
  /** The host that it goes to. */
  readonly to: string;
  /** The address that it leaves, as `10.0.0.1:80` or a path. */
  readonly source: string;
  /** The address that it goes to. */
  readonly destination: string;
  /** How many bytes of the direction came before it. */
  readonly offset: number;
  /** The bytes; they must not be changed. */
  readonly data: Uint8Array;
}

/**
 * The decision about a segment:
 *
 * - `"pass"` or nothing: it goes on.
 * - `{ delay }`: it takes so many milliseconds longer.
 * - `"drop"`: it is lost. A stream sends it again later, and asks the rule again.
 * - `"duplicate"`: it arrives twice; a stream takes it once.
 * - `"corrupt"`: one bit of it is wrong.
 * - `"reset"`: its connection is reset; a datagram is lost.
 */
export type Verdict =
  | "pass"
  | "drop"
  | "duplicate"
  | "corrupt"
  | "reset"
  | { readonly delay: number };

const WORDS: readonly unknown[] = ["pass", "drop", "duplicate", "corrupt", "reset", undefined];

/**
 * Gives back the verdict of a rule.
 *
 * @throws {TypeError} If it is none.
 */
export function checkVerdict(verdict: Verdict | void): Verdict | void {
  if (WORDS.includes(verdict)) return verdict;
  if (typeof verdict === "object" && verdict.delay >= 0 && verdict.delay < Infinity) return verdict;
  throw new TypeError(
    `Cannot apply rule: ${show(verdict)} is none of "pass", "drop", "duplicate", "corrupt", ` +
      '"reset" and { delay }',
  );
}

/** Decides about segments and datagrams. The first rule that does not let one pass decides. */
export type SegmentRule = (segment: Segment) => Verdict | void;
