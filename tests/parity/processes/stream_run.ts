import { createSubprocessExec } from "../../../streams/processes/create_subprocess.ts";
import type { Process } from "../../../streams/processes/process.ts";
import { decodeData } from "../running/scenario.ts";
import { commandOf, type ProcessScenario } from "./process_scenario.ts";
import type { RecordedTrace } from "./recorded_trace.ts";
import { showData, showError, showValue } from "./show.ts";

interface Task {
  readonly controller: AbortController;
  readonly result: Promise<string | null>;
  isDone: boolean;
}

/** A scenario by readers and a writer. */
export class StreamRun {
  readonly #scenario: ProcessScenario;
  readonly #trace: RecordedTrace;
  readonly #tasks = new Map<string, Task>();
  #process: Process | null = null;

  /** Starts with {@linkcode start}. */
  constructor(scenario: ProcessScenario, trace: RecordedTrace) {
    this.#scenario = scenario;
    this.#trace = trace;
  }

  /** Starts the process. */
  async start(): Promise<void> {
    const { program, options } = commandOf(this.#scenario);
    const { limit } = this.#scenario;
    this.#process = await createSubprocessExec(program, {
      ...options,
      ...(limit !== undefined && { limit }),
    });
  }

  /** Makes one step. */
  async perform(action: string, ...rest: readonly unknown[]): Promise<void> {
    const label = String(rest[0]);
    switch (action) {
      case "start":
        return this.#startTask(label, String(rest[1]), rest.slice(2));
      case "cancel":
        this.#task(label).controller.abort();
        return await this.#attempt(label, this.#task(label).result);
      case "await":
        return await this.#attempt(label, this.#task(label).result);
      case "isPending":
        return this.#note(`isPending ${label} ${showValue(!this.#task(label).isDone)}`);
      case "fence":
        return await fence();
      case "untilExited":
        await this.#live.exited;
        return;
      default:
        await this.#attempt(action, this.#compute(action, rest, new AbortController().signal));
    }
  }

  /** Ends what still runs. */
  async end(): Promise<void> {
    for (const task of this.#tasks.values()) {
      task.controller.abort();
      await task.result.catch(() => {});
    }
    await this.#live.shutdown({ grace: 0 });
  }

  get #live(): Process {
    if (this.#process === null) throw new Error("Nothing was started");
    return this.#process;
  }

  #task(label: string): Task {
    const task = this.#tasks.get(label);
    if (task === undefined) throw new Error(`There is no ${label}`);
    return task;
  }

  #startTask(label: string, action: string, rest: readonly unknown[]): void {
    const controller = new AbortController();
    const result = this.#compute(action, rest, controller.signal);
    const task: Task = { controller, result, isDone: false };
    const finish = (): void => void (task.isDone = true);
    result.then(finish, finish);
    this.#tasks.set(label, task);
  }

  async #attempt(name: string, attempt: Promise<string | null>): Promise<void> {
    try {
      const result = await attempt;
      this.#note(result === null ? name : `${name} ${result}`);
    } catch (error) {
      this.#note(`${name} threw ${showError(error)}`);
    }
  }

  async #compute(
    action: string,
    rest: readonly unknown[],
    signal: AbortSignal,
  ): Promise<string | null> {
    const process = this.#live;
    switch (action) {
      case "write":
        process.stdin.write(decodeData(rest[0]) as Uint8Array);
        return null;
      case "drain":
        await process.stdin.drain({ signal });
        return null;
      case "closeStdin":
        process.stdin.close();
        return null;
      case "waitClosed":
        await process.stdin.waitClosed({ signal });
        return null;
      case "communicate": {
        const input = rest[0] === null ? undefined : decodeData(rest[0]) as Uint8Array;
        const { stdout, stderr } = await process.communicate(input, { signal });
        return `${showData(stdout)} ${showData(stderr)}`;
      }
      case "wait":
        return showValue(await process.wait({ signal }));
      case "returncode":
        return showValue(process.returncode);
      case "terminate":
      case "kill":
        process[action]();
        return null;
      case "hasPipes":
        return showValue([0, 1, 2].map((fd) => process.transport.getPipeTransport(fd) !== null));
      default:
        return await this.#read(action, rest, signal);
    }
  }

  async #read(action: string, rest: readonly unknown[], signal: AbortSignal): Promise<string> {
    const reader = rest[0] === 1 ? this.#live.stdout : this.#live.stderr;
    switch (action) {
      case "readline":
        return showData(await reader.readline({ signal }));
      case "read":
        return showData(await reader.read(Number(rest[1] ?? -1), { signal }));
      case "readexactly":
        return showData(await reader.readexactly(Number(rest[1]), { signal }));
      case "readuntil":
        return showData(await reader.readuntil(String(rest[1]), { signal }));
      case "atEof":
        return showValue(reader.atEof());
      default:
        throw new Error(`Cannot perform ${action}`);
    }
  }

  #note(line: string): void {
    this.#trace.note("calls", line);
  }
}

/** Another process comes and goes: what was under way has happened. */
async function fence(): Promise<void> {
  for (let round = 0; round < 5; round++) await (await createSubprocessExec("true")).closed;
}
