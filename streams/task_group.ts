import { signalOf, type WaitOptions } from "../protocols/waits/wait_options.ts";
import { onAbort } from "../protocols/waits/wait_signal.ts";

/** A task is a function that is told by a signal when its group gives up. */
export type Task<T> = (signal: AbortSignal) => T | Promise<T>;

/**
 * Tasks that belong together: asyncio's `TaskGroup`. The scope ends after every task has ended.
 *
 * The first failure, of a task or of the scope itself, aborts the signal of all others. They are
 * still waited for; then all failures are thrown in one `AggregateError`. A task that throws the
 * signal's reason did what it was asked to and counts as no failure.
 *
 * A group is made by {@linkcode TaskGroup.run}; no scope waits for one that you construct yourself.
 *
 * @example Two tasks, both awaited
 * ```ts
 * import { TaskGroup } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const done: string[] = [];
 * await TaskGroup.run((group) => {
 *   group.createTask(async () => done.push(await Promise.resolve("one")));
 *   group.createTask(async () => done.push(await Promise.resolve("two")));
 * });
 * assertEquals(done.sort(), ["one", "two"]);
 * ```
 */
export class TaskGroup {
  readonly #tasks = new Set<Promise<unknown>>();
  readonly #errors: unknown[] = [];
  readonly #controller = new AbortController();
  #isOver = false;
  #isCancelled = false;

  /**
   * Runs `scope`, then waits for every task that was created in it or by another task.
   *
   * @param scope Creates tasks; its own waiting counts like a task.
   * @param options `signal` gives the group up when it aborts: the tasks' signal aborts, and once
   * they have ended this rejects with the signal's reason, unless one of them failed.
   * @returns What the scope returned; `undefined` if {@linkcode cancel} ended it.
   * @throws {AggregateError} If the scope or a task failed; `errors` holds each failure, the first
   * one first.
   */
  static async run<T>(
    scope: (group: TaskGroup) => T | Promise<T>,
    options: WaitOptions = {},
  ): Promise<T> {
    const signal = signalOf("run task group", options);
    signal?.throwIfAborted();
    const group = new TaskGroup();
    const stop = onAbort(signal, () => group.#controller.abort(signal?.reason));
    try {
      const result = group.createTask(() => scope(group));
      await group.#settled();
      if (group.#errors.length > 0) {
        throw new AggregateError(group.#errors, "Cannot finish task group: a task failed");
      }
      signal?.throwIfAborted();
      if (group.#isCancelled) return await result.catch(() => undefined as T);
      return await result;
    } finally {
      group.#isOver = true;
      stop();
    }
  }

  /** Aborts at the first failure in the group. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Ends the group early, which is no failure: the signal of all tasks aborts, and `run` resolves
   * once they have ended. A task that fails in another way than by the signal's reason still fails
   * the group.
   *
   * @param reason The reason of the signal; by default a `DOMException` called AbortError.
   */
  cancel(reason?: unknown): void {
    this.#isCancelled = true;
    this.#controller.abort(reason ?? new DOMException("The group was cancelled", "AbortError"));
  }

  /**
   * Starts a task.
   *
   * @returns What the task returns or throws. It may be left alone: a failure is not lost, the
   * group throws it.
   * @throws {TypeError} If the group has ended.
   */
  createTask<T>(task: Task<T>): Promise<T> {
    if (this.#isOver) throw new TypeError("Cannot create task: the group has ended");
    const running = this.#start(task);
    this.#tasks.add(running);
    running.then(() => this.#tasks.delete(running), (error) => {
      this.#tasks.delete(running);
      this.#fail(error);
    });
    return running;
  }

  async #start<T>(task: Task<T>): Promise<T> {
    return await task(this.signal);
  }

  #fail(error: unknown): void {
    const { signal } = this;
    if (signal.aborted && error === signal.reason) return;
    this.#errors.push(error);
    this.#controller.abort(new DOMException("Another task of the group failed", "AbortError"));
  }

  /** A task may create further ones: waits until there is none left. */
  async #settled(): Promise<void> {
    while (this.#tasks.size > 0) await Promise.allSettled(this.#tasks);
  }
}
