import { AsyncLocalStorage } from "node:async_hooks";
import type { ScheduledEvent } from "../engine/event_queue.ts";
import type { Ending, Process } from "../engine/process.ts";
import { show } from "../../../protocols/option_checks.ts";
import { currentContext } from "./context.ts";
import { type Patch, patch } from "./patches.ts";

/** The longest time of a timer, in milliseconds; a longer one fires after 1 ms, as everywhere. */
const MAX_DELAY = 2_147_483_647;
/** Numbers of virtual timers begin here: a real timer never gets that far. */
const FIRST_ID = 2 ** 40;

type Callback = (...args: unknown[]) => unknown;

let nextId = FIRST_ID;
// By number, for programs that keep the number of a timer.
const byId = new Map<number, VirtualTimer>();

/**
 * The methods of Node's timers for a reference, which a world does not need to keep the program
 * alive.
 */
class Referenced {
  #isReferenced = true;

  ref(): this {
    this.#isReferenced = true;
    return this;
  }

  unref(): this {
    this.#isReferenced = false;
    return this;
  }

  hasRef(): boolean {
    return this.#isReferenced;
  }
}

/** A timer of a program: what `setTimeout` and `setInterval` give. */
class VirtualTimer extends Referenced implements Ending {
  readonly isTimer = true;
  readonly #id = nextId++;
  readonly #process: Process;
  readonly #delay: number;
  readonly #repeats: boolean;
  readonly #run: () => void;
  #event: ScheduledEvent | null = null;

  constructor(process: Process, delay: unknown, repeats: boolean, run: () => void) {
    super();
    this.#process = process;
    this.#delay = toDelay(delay);
    this.#repeats = repeats;
    // The callback sees what was in force where the timer was set.
    const restore = AsyncLocalStorage.snapshot();
    this.#run = () => restore(run);
    this.#arm();
  }

  #arm(): void {
    const { scheduler, host, isAlive } = this.#process;
    if (!isAlive) return;
    if (this.#event === null) {
      byId.set(this.#id, this);
      this.#process.add(this);
    }
    this.#event = scheduler.after(this.#delay, host, this.#fire);
  }

  readonly #fire = (): void => {
    this.#process.tellTimer(this.#delay);
    if (this.#repeats) this.#arm();
    else this.#forget();
    this.#process.call(this.#run);
  };

  #forget(): void {
    this.#event = null;
    byId.delete(this.#id);
    this.#process.remove(this);
  }

  end(): void {
    if (this.#event !== null) this.#process.scheduler.cancel(this.#event);
    this.#event = null;
    byId.delete(this.#id);
  }

  close(): this {
    if (this.#event !== null) this.#process.scheduler.cancel(this.#event);
    this.#forget();
    return this;
  }

  refresh(): this {
    if (this.#event !== null) this.#process.scheduler.cancel(this.#event);
    this.#arm();
    return this;
  }

  [Symbol.toPrimitive](): number {
    return this.#id;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A callback of `setImmediate` of a program. */
class VirtualImmediate extends Referenced implements Ending {
  readonly isTimer = false;
  readonly #process: Process;
  #isPending = true;

  constructor(process: Process) {
    super();
    this.#process = process;
    process.scheduler.addImmediate();
    process.add(this);
  }

  run(callback: () => void): void {
    if (!this.#isPending) return;
    this.end();
    this.#process.remove(this);
    this.#process.call(callback);
  }

  end(): void {
    if (!this.#isPending) return;
    this.#isPending = false;
    this.#process.scheduler.endImmediate(this.#process.host);
  }

  [Symbol.dispose](): void {
    this.end();
    this.#process.remove(this);
  }
}

/** `setTimeout`, `setInterval`, `setImmediate`, their opposites, and what else waits. */
export function timerPatches(): Patch[] {
  // Their types differ between the library of Deno and that of Node.
  const globals = globalThis as unknown as Record<string, Callback>;
  return [
    patch(globals, "setTimeout", starter(false)),
    patch(globals, "setInterval", starter(true)),
    patch(globals, "setImmediate", immediateStarter),
    patch(globals, "clearTimeout", clearer),
    patch(globals, "clearInterval", clearer),
    patch(globals, "clearImmediate", clearer),
    patch(Deno, "refTimer", referrer("ref")),
    patch(Deno, "unrefTimer", referrer("unref")),
    patch(globalThis, "queueMicrotask", (original) => (callback) => {
      const process = currentContext()?.process;
      if (process === undefined || typeof callback !== "function") return original(callback);
      process.scheduler.touch();
      original(() => process.call(callback));
    }),
    patch(AbortSignal, "timeout", (original) => (delay) => {
      const process = currentContext()?.process;
      if (process === undefined) return original.call(AbortSignal, delay);
      const milliseconds = toUnsigned(delay);
      const controller = new AbortController();
      const expire = (): void =>
        controller.abort(new DOMException("Signal timed out.", "TimeoutError"));
      // As the real one, it keeps nothing going.
      new VirtualTimer(process, milliseconds, false, expire).unref();
      return controller.signal;
    }),
  ];
}

function starter(repeats: boolean): (original: Callback) => Callback {
  return (original) => (callback, delay, ...args) => {
    const process = currentContext()?.process;
    if (process === undefined || typeof callback !== "function") {
      return original(callback, delay, ...args);
    }
    return new VirtualTimer(process, delay, repeats, () => callback(...args));
  };
}

function immediateStarter(original: Callback): Callback {
  return (callback, ...args) => {
    const process = currentContext()?.process;
    if (process === undefined || typeof callback !== "function") return original(callback, ...args);
    const immediate = new VirtualImmediate(process);
    original(() => immediate.run(() => callback(...args)));
    return immediate;
  };
}

function clearer(original: Callback): Callback {
  return (given) => {
    // The number may have become text on its way.
    const timer = typeof given === "string" ? Number(given) : given;
    const found = typeof timer === "number" ? byId.get(timer) : timer;
    if (found instanceof VirtualTimer) found.close();
    else if (found instanceof VirtualImmediate) found[Symbol.dispose]();
    else if (!isVirtualId(timer)) original(given);
  };
}

function referrer(
  method: "ref" | "unref",
): <T>(original: (timer: T) => void) => (timer: T) => void {
  return (original) => (timer) => {
    const found = typeof timer === "number" ? byId.get(timer) : timer;
    if (found instanceof VirtualTimer) found[method]();
    else if (!isVirtualId(timer)) original(timer);
  };
}

function isVirtualId(id: unknown): boolean {
  return typeof id === "number" && id >= FIRST_ID;
}

/** A time of the Web standards: whole and not below 0, or refused. */
function toUnsigned(value: unknown): number {
  const given = Math.trunc(Number(value));
  if (given >= 0 && given <= Number.MAX_SAFE_INTEGER) return given;
  throw new TypeError(`Cannot set timeout: ${show(value)} is not a time of 0 ms or more`);
}

/** The time of a timer, as Node understands it. */
function toDelay(delay: unknown): number {
  const given = Number(delay);
  return given >= 1 && given <= MAX_DELAY ? given : 1;
}
