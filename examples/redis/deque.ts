/** A list that grows and shrinks at both ends at no cost: a ring in an array. */
export class Deque<T> implements Iterable<T> {
  #slots: (T | undefined)[] = new Array(8);
  #first = 0;
  #length = 0;

  /** How many values there are. */
  get length(): number {
    return this.#length;
  }

  /** Adds a value in front. */
  unshift(value: T): void {
    this.#makeRoom();
    this.#first = (this.#first - 1) & (this.#slots.length - 1);
    this.#slots[this.#first] = value;
    this.#length++;
  }

  /** Adds a value at the end. */
  push(value: T): void {
    this.#makeRoom();
    this.#slots[this.#slotOf(this.#length)] = value;
    this.#length++;
  }

  /** Takes the first value. */
  shift(): T | undefined {
    return this.#take(0);
  }

  /** Takes the last value. */
  pop(): T | undefined {
    return this.#take(this.#length - 1);
  }

  /** The value at a place, counted from the end if negative. */
  at(index: number): T | undefined {
    const place = index < 0 ? index + this.#length : index;
    return place < 0 || place >= this.#length ? undefined : this.#slots[this.#slotOf(place)];
  }

  /** Puts another value at a place that has one; says whether it has. */
  set(index: number, value: T): boolean {
    const place = index < 0 ? index + this.#length : index;
    if (place < 0 || place >= this.#length) return false;
    this.#slots[this.#slotOf(place)] = value;
    return true;
  }

  *[Symbol.iterator](): Generator<T, void, void> {
    // Each place below the length has a value.
    for (let i = 0; i < this.#length; i++) yield this.#slots[this.#slotOf(i)] as T;
  }

  #take(place: number): T | undefined {
    if (this.#length === 0) return undefined;
    const slot = this.#slotOf(place);
    const value = this.#slots[slot];
    this.#slots[slot] = undefined;
    if (place === 0) this.#first = this.#slotOf(1);
    this.#length--;
    return value;
  }

  #slotOf(place: number): number {
    return (this.#first + place) & (this.#slots.length - 1);
  }

  /** The number of slots stays a power of two. */
  #makeRoom(): void {
    if (this.#length < this.#slots.length) return;
    const slots: (T | undefined)[] = [...this];
    slots.length = 2 * this.#slots.length;
    this.#slots = slots;
    this.#first = 0;
  }
}
