import { type Lane, ScenarioError, ScenarioFault, showError, showValue } from "./lane.ts";
import { type ConnectAddress, decodeData, type EndSpec, type ProtocolSpec } from "./scenario.ts";

/** Operations whose arguments are bytes. */
const DATA_OPERATIONS: ReadonlySet<string> = new Set([
  "feedData",
  "readuntil",
  "write",
  "writelines",
]);

/** The parts of a run that an end needs to know. */
export interface Surroundings {
  /** The lane called `name`. */
  lane(name: string, countBytes?: boolean): Lane;
  /** The end called `name`, made at the first call. */
  end(name: string): End;
  /** The protocol that `setProtocol` switches to. */
  protocol(label: string): ProtocolSpec;
  /** Takes the errors that a connection of `end` reports. */
  onError(error: Error, context: { readonly transport: unknown }): void;
}

/** Where a client connects to, and what is the same for all of them. */
export interface ConnectOptions extends ConnectAddress {
  /** The cap of the write buffer, in bytes. */
  readonly maxWriteBuffer: number;
  /** Records what is reported. */
  readonly onError: Surroundings["onError"];
}

/** An operation that the end itself implements. */
export type Operation = (...args: unknown[]) => unknown;

/** The work that goes on in the background. */
interface Task {
  readonly controller: AbortController;
  isPending: boolean;
}

/**
 * One end of a scenario: performs operations and records them in its lane. The Python twin is
 * `Abstract`.
 */
export abstract class End {
  /** Its name in the scenario. */
  readonly name: string;
  /** How it behaves. */
  readonly spec: EndSpec;
  /** Its trace. */
  readonly lane: Lane;
  /** The run it belongs to. */
  protected readonly world: Surroundings;
  readonly #tasks = new Map<string, Task>();

  /** Joins a run. */
  constructor(world: Surroundings, name: string, spec: EndSpec) {
    this.world = world;
    this.name = name;
    this.spec = spec;
    this.lane = world.lane(name, spec.countBytes);
  }

  /** Operations which are more, or less, than a call of the target's method. */
  protected operations(): Readonly<Record<string, Operation>> {
    return { isPending: (label) => this.#task(String(label)).isPending };
  }

  /** Operations of the scenario language itself: they leave no line in the trace. */
  protected language(): Readonly<Record<string, Operation>> {
    return {
      raise: () => {
        throw new ScenarioError(this.lane);
      },
      start: (operation, ...args) => this.#start(String(operation), args),
      cancel: (label) => this.#task(String(label)).controller.abort(),
      wait: (event, times = 1) => this.lane.wait(String(event), Number(times)),
      received: (total) => this.lane.waitReceived(Number(total)),
    };
  }

  /** The object that has the operation as a method. */
  protected abstract target(operation: string): object;

  /** Connects as a client. */
  connect(_options: ConnectOptions): Promise<void> {
    return Promise.reject(new ScenarioFault(`${this.name} cannot connect`));
  }

  /** Resolves when the end is connected. */
  abstract made(): Promise<void>;

  /** Ends all that is left of it, so that nothing outlives the scenario. */
  tearDown(): void | Promise<void> {
    for (const { controller } of this.#tasks.values()) controller.abort();
  }

  /** Runs an operation and records it; returns a promise where there is one to await. */
  perform(operation: string, args: readonly unknown[]): Promise<void> | undefined {
    const inLanguage = this.language()[operation];
    if (inLanguage !== undefined) {
      const result = inLanguage(...args);
      return result instanceof Promise ? result : undefined;
    }
    let result: unknown;
    try {
      result = this.#call(operation, args);
    } catch (error) {
      if (error instanceof ScenarioError || error instanceof ScenarioFault) throw error;
      this.lane.record(`${operation}() threw ${showError(error)}`);
      return undefined;
    }
    if (result instanceof Promise) return this.#recordLater(`${operation}()`, result);
    this.#recordResult(`${operation}()`, result);
    return undefined;
  }

  #call(operation: string, args: readonly unknown[]): unknown {
    const special = this.operations()[operation];
    if (special !== undefined) return special(...args);
    const target = this.target(operation);
    const member: unknown = Reflect.get(target, operation);
    if (typeof member !== "function") {
      throw new ScenarioFault(`Cannot perform ${this.name}.${operation}: there is no such method`);
    }
    const [first, ...rest] = args;
    const decoded = DATA_OPERATIONS.has(operation) ? [decodeData(first), ...rest] : args;
    return Reflect.apply(member, target, decoded);
  }

  async #recordLater(label: string, promise: Promise<unknown>): Promise<void> {
    try {
      this.#recordResult(label, await promise);
    } catch (error) {
      if (error instanceof ScenarioFault) throw error;
      this.lane.record(`${label} threw ${showError(error)}`);
    }
  }

  #recordResult(label: string, result: unknown): void {
    // The result of write() is advice that asyncio does not give.
    const isNothing = result === undefined || result === null || label.startsWith("write");
    this.lane.record(isNothing ? label : `${label} ${showValue(result)}`);
  }

  /** Begins a waiting operation, which `cancel` aborts by its signal. */
  #start(operation: string, args: readonly unknown[]): void {
    const last = args.at(-1);
    const isLabelled = typeof last === "object" && last !== null && "label" in last;
    const label = isLabelled ? String(last.label) : operation;
    const task: Task = { controller: new AbortController(), isPending: true };
    this.#tasks.set(label, task);
    const { signal } = task.controller;
    const result = this.#call(operation, [...(isLabelled ? args.slice(0, -1) : args), { signal }]);
    this.#recordLater(label, Promise.resolve(result)).finally(() => task.isPending = false);
  }

  #task(label: string): Task {
    const task = this.#tasks.get(label);
    if (task === undefined) throw new ScenarioFault(`Cannot find task: "${label}"`);
    return task;
  }
}
