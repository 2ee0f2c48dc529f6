import type { RandomSource } from "../engine/random_source.ts";
import type { Scheduler } from "../engine/scheduler.ts";
import type { LinkConditions } from "../link_conditions.ts";
import type { Segment, SegmentRule, Verdict } from "../faults/segment_rule.ts";
import type { SegmentEvent, Trace } from "../trace.ts";
import { Link } from "./link.ts";

/** Lengths of segments, in bytes: always the same, or evenly spread between two. */
export type SegmentSize = number | readonly [least: number, most: number];

/** Inside a host segments may be much longer, as the system has them there. */
const LOOPBACK_SEGMENT: SegmentSize = [1, 65_483];

/** The parts that all connections of a world share. */
interface WireOptions {
  readonly conditions: LinkConditions;
  readonly segmentSize: SegmentSize;
  readonly window: number;
}

/** Everything between the hosts of a world: the links, and the rules about what passes. */
export class Wire {
  /** The time of the world. */
  readonly scheduler: Scheduler;
  /** Is told what happens. */
  readonly trace: Trace;
  /** Where the generators of connections come from. */
  readonly random: RandomSource;
  /** How many bytes a direction holds that were written and not read. */
  readonly window: number;
  readonly #segmentSize: SegmentSize;
  readonly #conditions: LinkConditions;
  readonly #links = new Map<string, Link>();
  readonly #rules = new Set<SegmentRule>();
  readonly #pairs = new Map<string, number>();
  #connections = 0;

  /** A wire without connections. */
  constructor(scheduler: Scheduler, trace: Trace, random: RandomSource, options: WireOptions) {
    this.scheduler = scheduler;
    this.trace = trace;
    this.random = random;
    this.window = options.window;
    this.#segmentSize = options.segmentSize;
    this.#conditions = options.conditions;
  }

  /** The way from one host to another. */
  link(from: string, to: string): Link {
    // With the length: a name may have any characters.
    const name = `${from.length} ${from}>${to}`;
    const known = this.#links.get(name);
    if (known !== undefined) return known;
    const link = new Link(
      this.#conditions,
      from === to,
      (callback, otherwise) => this.scheduler.guard(callback, otherwise),
    );
    this.#links.set(name, link);
    return link;
  }

  /** Ends every partition. Only the ways that were used or changed are there to be mended. */
  heal(): void {
    for (const link of this.#links.values()) link.isCut = false;
  }

  /** A number for a new connection. */
  nextConnection(): number {
    return ++this.#connections;
  }

  /**
   * A name that no other connection has, for its generators: the how-manieth it is of those between
   * the same ends. So a connection more elsewhere does not shift it.
   */
  nameConnection(from: string, destination: string): string {
    const pair = `${from}>${destination}`;
    const count = (this.#pairs.get(pair) ?? 0) + 1;
    this.#pairs.set(pair, count);
    return `${pair}#${count}`;
  }

  /** The length of the next segment of `left` bytes. */
  cut(left: number, random: RandomSource, isLoopback: boolean): number {
    const lengths = isLoopback ? LOOPBACK_SEGMENT : this.#segmentSize;
    const length = typeof lengths === "number" ? lengths : random.between(lengths[0], lengths[1]);
    return Math.min(left, length);
  }

  /** Asks a rule about every segment from now on. Returns the end of that. */
  addRule(rule: SegmentRule): () => void {
    this.#rules.add(rule);
    return () => void this.#rules.delete(rule);
  }

  /** The decision of the rules about a segment. */
  judge(segment: Segment): Verdict {
    for (const rule of this.#rules) {
      const verdict = rule(segment);
      if (verdict !== undefined && verdict !== "pass") return verdict;
    }
    return "pass";
  }

  /**
   * Has a segment arrive after that time, or be lost: where its link is cut, or if it may not
   * arrive.
   */
  carry(
    segment: Segment,
    travel: number,
    mayArrive: () => boolean,
    onArrived: () => void,
    onLost: () => void = () => {},
  ): void {
    const link = this.link(segment.from, segment.to);
    const arrive = (): void => {
      if (link.keep(arrive)) return;
      const isLost = link.isCut || !mayArrive();
      this.tell(isLost ? "lost" : "arrived", segment);
      if (isLost) onLost();
      else onArrived();
    };
    this.scheduler.after(travel, segment.to, arrive);
  }

  /** Tells what happened to a segment. */
  tell(phase: SegmentEvent["phase"], segment: Segment): void {
    this.trace.emitSegment(this.scheduler.now, phase, segment);
  }
}
