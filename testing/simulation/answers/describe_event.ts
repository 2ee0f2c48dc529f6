import { describeFault } from "../faults/faults.ts";
import type { SegmentEvent, SimulationEvent } from "../trace.ts";

/** An event in words. */
export interface DescribedEvent {
  /** The virtual time, in milliseconds. */
  readonly at: number;
  /** The host that it happened in, or that sent the segment; `null` for a fault. */
  readonly host: string | null;
  /** The event. */
  readonly what: string;
}

/** Words an event: all that decides whether two runs went alike. */
export function describeEvent(event: SimulationEvent): DescribedEvent {
  const { at } = event;
  switch (event.kind) {
    case "segment":
      return { at, host: event.from, what: describeSegment(event) };
    case "fault":
      return { at, host: null, what: describeFault(event.fault) };
    case "timer":
      return { at, host: event.host, what: `a timer of ${event.delay} ms fires` };
    case "wait":
      return { at, host: event.host, what: `waits for ${event.what}` };
    case "host":
      return { at, host: event.host, what: event.state };
  }
}

/** The bytes are left out: encryption makes them differ each time. */
function describeSegment(event: SegmentEvent): string {
  const { phase, segment, source, destination, data, to } = event;
  return `${segment} of ${data.length} B ${phase}, ${source} -> ${destination} (to ${to})`;
}
