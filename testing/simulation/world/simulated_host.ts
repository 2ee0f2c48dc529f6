import { AsyncLocalStorage } from "node:async_hooks";
import { withNetwork } from "../../../transports/networks/with_network.ts";
import { FlushScheduler } from "../../../transports/core/write/flush_scheduler.ts";
import { showWaits } from "../answers/show_waits.ts";
import { Process } from "../engine/process.ts";
import type { RandomSource } from "../engine/random_source.ts";
import { StepBudget } from "../engine/step_budget.ts";
import { type Context, runIn } from "../globals/context.ts";
import type { Host, HostMain, HostOptions } from "./host.ts";
import type { Lan } from "../network/lan.ts";
import type { Machine } from "../network/machine.ts";
import type { PostOffice } from "../network/post_office.ts";
import { showAddr } from "../network/place.ts";
import { simulatedNetwork } from "../network/simulated_network.ts";
import type { HostWaits } from "../run_state.ts";
import type { Leftover } from "../simulation_run.ts";
import type { HostEvent } from "../trace.ts";

/** The parts of a world that its hosts share. */
export interface HostWorld {
  readonly lan: Lan;
  readonly postOffice: PostOffice;
  readonly random: RandomSource;
  readonly startTime: number;
  /** A program threw. */
  onFailed(host: string, error: unknown): void;
  /** A program has come to its end, with what it returned, or crashed. */
  onEnded(host: SimulatedHost): void;
}

/** A host: a machine that stays, and a program that may start several times. */
export class SimulatedHost implements Host {
  readonly #world: HostWorld;
  readonly #machine: Machine;
  readonly #main: HostMain;
  readonly #restartAfter: number | undefined;
  readonly #restore = AsyncLocalStorage.snapshot();
  #process: Process;
  #starts = 0;
  #skew = 0;
  #state: HostWaits["state"] = "running";
  /** Resolves when a program of it has come to its end. */
  readonly ended: Promise<unknown>;
  readonly #end: (value: unknown) => void;

  constructor(world: HostWorld, name: string, main: HostMain, options: HostOptions = {}) {
    this.#world = world;
    this.#main = main;
    this.#restartAfter = options.restart;
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.ended = promise;
    this.#end = resolve;
    this.#machine = world.lan.add(name, options.address, {
      onWait: (what) => this.#tell({ kind: "wait", at: this.#now, host: name, what }),
    });
    this.#process = this.#start();
  }

  get name(): string {
    return this.#machine.name;
  }

  get address(): string {
    return this.#machine.address;
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  get hasCrashed(): boolean {
    return this.#state === "crashed";
  }

  /** Whether its program may still come to its end by itself. */
  get isDue(): boolean {
    return this.isRunning || (this.hasCrashed && this.#restartAfter !== undefined);
  }

  get #now(): number {
    return this.#world.lan.wire.scheduler.now;
  }

  /** The waits of its program. */
  get waits(): HostWaits {
    const { connections, listeners, datagrams } = this.#machine;
    const reads = [...connections].flatMap((connection) => [...connection.describe().waits]);
    const accepts = [...listeners].map(({ wait }) => wait).filter((wait) => wait !== null);
    const receives = Array.from(datagrams, ({ address: { hostname, port }, since }) => {
      return { what: `receive ${hostname}:${port}`, since, trace: null };
    });
    return {
      host: this.name,
      state: this.#state,
      timers: this.#process.timers,
      waits: showWaits([...this.#process.waits, ...reads, ...accepts, ...receives]),
    };
  }

  /** The things that its program left open, if it has ended. */
  get leftovers(): readonly Leftover[] {
    if (this.#state !== "ended") return [];
    const { connections, listeners, datagrams } = this.#machine;
    const open = [
      ...Array.from(connections, (one) => `connection ${one.describe().name}`),
      ...Array.from(listeners, ({ name }) => `listener ${name}`),
      ...Array.from(datagrams, ({ addr }) => `datagram socket ${showAddr(addr)}`),
      ...new Array<string>(this.#process.timers).fill("timer"),
    ];
    return open.map((what) => ({ host: this.name, what }));
  }

  /** Sets its `Date` ahead. */
  skew(milliseconds: number): void {
    this.#skew = milliseconds;
  }

  /** Ends its program in the middle; its machine as well, unless `isProcessOnly`. */
  crash(isProcessOnly: boolean): void {
    if (this.#state === "crashed") return;
    this.#fall(isProcessOnly);
    this.#world.onEnded(this);
    if (this.#restartAfter === undefined) return;
    const { scheduler } = this.#world.lan.wire;
    scheduler.after(this.#restartAfter, this.name, () => {
      if (this.#state === "crashed") this.restart();
    });
  }

  /** Starts its program again. */
  restart(): void {
    if (this.#state !== "crashed") this.#fall(false);
    this.#machine.isUp = true;
    this.#state = "running";
    this.#process = this.#start();
  }

  /** Ends its program without a word. */
  stop(isPowerLost: boolean): void {
    this.#process.end();
    this.#machine.clear(isPowerLost);
  }

  #fall(isProcessOnly: boolean): void {
    this.stop(!isProcessOnly);
    this.#machine.isUp = isProcessOnly;
    this.#state = "crashed";
    this.#tellState("crashed");
  }

  #start(): Process {
    const { random, startTime, lan } = this.#world;
    const { scheduler } = lan.wire;
    const process = new Process(
      this.name,
      scheduler,
      random.fork(`host ${this.name} ${this.#starts++}`),
      () => startTime + this.#skew,
      {
        onError: (error) => this.#fail(process, error),
        onTimer: (delay) =>
          this.#tell({ kind: "timer", at: scheduler.now, host: this.name, delay }),
      },
    );
    // An event of its own: what was started before goes on first.
    scheduler.after(0, this.name, () => {
      if (process.isAlive) void this.#run(process);
    });
    return process;
  }

  async #run(process: Process): Promise<void> {
    this.#tellState("started");
    const network = simulatedNetwork(
      this.#world.lan,
      this.#machine,
      this.#world.postOffice,
      process,
    );
    const main = async (): Promise<unknown> => await this.#main(this);
    try {
      const value = await this.#restore(() =>
        runIn(this.#contextOf(process), () => withNetwork(network, main))
      );
      if (!process.isAlive) return;
      this.#state = "ended";
      this.#tellState("ended");
      this.#end(value);
      this.#world.onEnded(this);
    } catch (error) {
      this.#fail(process, error);
    }
  }

  #contextOf(process: Process): Context {
    return {
      process,
      machine: this.#machine,
      lan: this.#world.lan,
      postOffice: this.#world.postOffice,
      budget: new StepBudget(process),
      flushes: new FlushScheduler(),
    };
  }

  #fail(process: Process, error: unknown): void {
    if (!process.isAlive) return;
    this.#tellState("failed");
    this.#world.onFailed(this.name, error);
  }

  #tellState(state: HostEvent["state"]): void {
    this.#tell({ kind: "host", at: this.#now, host: this.name, state });
  }

  #tell(event: Parameters<Lan["wire"]["trace"]["emit"]>[0]): void {
    this.#world.lan.wire.trace.emit(event);
  }
}
