import type { Fault } from "./faults/faults.ts";
import type { Segment } from "./faults/segment_rule.ts";

/** A segment or a datagram was sent, arrived, or was lost on its way. */
export interface SegmentEvent extends Segment {
  /** The kind of the event. */
  readonly kind: "segment";
  /** The virtual time, in milliseconds. */
  readonly at: number;
  /** The outcome of the segment. */
  readonly phase: "sent" | "arrived" | "lost" | "duplicated";
}

/** A fault was applied. */
export interface FaultEvent {
  /** The kind of the event. */
  readonly kind: "fault";
  /** The virtual time, in milliseconds. */
  readonly at: number;
  /** The fault. */
  readonly fault: Fault;
}

/** A timer fired. */
export interface TimerEvent {
  /** The kind of the event. */
  readonly kind: "timer";
  /** The virtual time, in milliseconds. */
  readonly at: number;
  /** The host whose timer it is. */
  readonly host: string;
  /** Its time, in milliseconds. */
  readonly delay: number;
}

/** A host began to wait for the network. */
export interface WaitEvent {
  /** The kind of the event. */
  readonly kind: "wait";
  /** The virtual time, in milliseconds. */
  readonly at: number;
  /** The host that waits. */
  readonly host: string;
  /** The object of the wait, as `read 10.0.0.1:49152 <- 10.0.0.2:80`. */
  readonly what: string;
}

/** A host started, came to the end of its main function, or crashed. */
export interface HostEvent {
  /** The kind of the event. */
  readonly kind: "host";
  /** The virtual time, in milliseconds. */
  readonly at: number;
  /** The host. */
  readonly host: string;
  /** The event. */
  readonly state: "started" | "ended" | "failed" | "crashed";
}

/** Something that happened in a world. */
export type SimulationEvent = SegmentEvent | FaultEvent | TimerEvent | WaitEvent | HostEvent;

/** Tells listeners what happens in a world, and keeps a digest of it. */
export class Trace {
  readonly #listeners = new Set<(event: SimulationEvent) => void>();
  #hash = 0x811c9dc5;
  #segments = 0;

  /** Has `listener` called with every event from now on. Returns the end of that. */
  subscribe(listener: (event: SimulationEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** How many segments and datagrams were sent. */
  get segments(): number {
    return this.#segments;
  }

  /**
   * A number for everything that happened: two runs with the same one went alike. It covers the
   * lengths of segments and not their bytes, which encryption makes differ each time.
   */
  get digest(): string {
    return this.#hash.toString(16).padStart(8, "0");
  }

  /** Something happened. */
  emit(event: Exclude<SimulationEvent, SegmentEvent>): void {
    this.#mixNumber(event.at);
    this.#add(event);
    for (const listener of this.#listeners) listener(event);
  }

  /** Something happened to a segment. No event is made where none is listened for. */
  emitSegment(
    at: number,
    phase: SegmentEvent["phase"],
    segment: Omit<SegmentEvent, "kind" | "at" | "phase">,
  ): void {
    if (phase === "sent") this.#segments++;
    this.#mixNumber(at);
    this.#mixText(phase);
    this.#mixText(segment.segment);
    this.#mixText(segment.source);
    this.#mixText(segment.destination);
    this.#mixNumber(segment.data.length);
    if (this.#listeners.size === 0) return;
    const event: SegmentEvent = { kind: "segment", at, phase, ...segment };
    for (const listener of this.#listeners) listener(event);
  }

  #add(event: Exclude<SimulationEvent, SegmentEvent>): void {
    switch (event.kind) {
      case "fault":
        return this.#mixText(JSON.stringify(event.fault));
      case "timer":
        this.#mixText(event.host);
        return this.#mixNumber(event.delay);
      case "wait":
        this.#mixText(event.host);
        return this.#mixText(event.what);
      case "host":
        this.#mixText(event.host);
        return this.#mixText(event.state);
    }
  }

  /** FNV-1a, a word at a time. */
  #mix(word: number): void {
    this.#hash = Math.imul(this.#hash ^ word, 0x01000193) >>> 0;
  }

  #mixNumber(value: number): void {
    const whole = Math.floor(value);
    this.#mix(whole | 0);
    this.#mix(((value - whole) * 2 ** 32) | 0);
  }

  #mixText(text: string): void {
    for (let i = 0; i < text.length; i++) this.#mix(text.charCodeAt(i));
  }
}
