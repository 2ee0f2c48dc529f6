/** Something that happens at a moment of virtual time. */
export interface ScheduledEvent {
  /** When, in milliseconds of virtual time. */
  readonly at: number;
  /** Decides between events of the same moment: the one that was scheduled first comes first. */
  readonly order: number;
  /** The host that it is for, to say who was busy. */
  readonly owner: string;
  /** The function to call; `null` once it was cancelled. */
  run: (() => void) | null;
}

/** Below so many cancelled events the queue is not swept. */
const MIN_SWEEP = 1024;

/**
 * The events to come, earliest first: a binary heap. A cancelled event stays until its time comes
 * or until half of the queue is cancelled, so timers that are set and cleared for days take no more
 * memory than those that are pending.
 */
export class EventQueue {
  #heap: ScheduledEvent[] = [];
  #order = 0;
  #cancelled = 0;

  /** How many events are to come. */
  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  /** How many events it holds, cancelled ones included. */
  get held(): number {
    return this.#heap.length;
  }

  /** Adds an event. */
  push(at: number, owner: string, run: () => void): ScheduledEvent {
    const event: ScheduledEvent = { at, order: this.#order++, owner, run };
    this.#heap.push(event);
    siftUp(this.#heap, this.#heap.length - 1);
    return event;
  }

  /** Takes an event out, unless it has happened. */
  cancel(event: ScheduledEvent): void {
    if (event.run === null) return;
    event.run = null;
    if (++this.#cancelled >= MIN_SWEEP && this.#cancelled * 2 > this.#heap.length) this.#sweep();
  }

  /** When the next event is; `undefined` if there is none. */
  get nextAt(): number | undefined {
    this.#dropCancelled();
    return this.#heap[0]?.at;
  }

  /** Takes the next event out. */
  pop(): ScheduledEvent | undefined {
    this.#dropCancelled();
    return this.#takeFirst();
  }

  #dropCancelled(): void {
    while (this.#heap[0]?.run === null) {
      this.#takeFirst();
      this.#cancelled--;
    }
  }

  #takeFirst(): ScheduledEvent | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (heap.length > 0 && last !== undefined) {
      heap[0] = last;
      siftDown(heap, 0);
    }
    return first;
  }

  #sweep(): void {
    this.#heap = this.#heap.filter(({ run }) => run !== null).sort(compare);
    this.#cancelled = 0;
  }
}

function compare(a: ScheduledEvent, b: ScheduledEvent): number {
  return a.at - b.at || a.order - b.order;
}

function siftUp(heap: ScheduledEvent[], start: number): void {
  const event = heap[start] as ScheduledEvent;
  let index = start;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent] as ScheduledEvent;
    if (compare(above, event) <= 0) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = event;
}

function siftDown(heap: ScheduledEvent[], start: number): void {
  const event = heap[start] as ScheduledEvent;
  let index = start;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    const right = heap[child + 1];
    if (right !== undefined && compare(right, heap[child] as ScheduledEvent) < 0) child++;
    const below = heap[child] as ScheduledEvent;
    if (compare(event, below) <= 0) break;
    heap[index] = below;
    index = child;
  }
  heap[index] = event;
}
