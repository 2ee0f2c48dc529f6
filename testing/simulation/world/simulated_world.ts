import { AsyncLocalStorage } from "node:async_hooks";
import { nextTurn } from "../../../transports/core/clock.ts";
import { InvalidStateError } from "../../../protocols/errors.ts";
import { applyFault, hostsOf } from "../faults/apply_fault.ts";
import { SimulatedHost } from "./simulated_host.ts";
import {
  type Check,
  check,
  checkOptions,
  given,
  type OptionTable,
  show,
  wrongKind,
} from "../../../protocols/option_checks.ts";
import { SocketTable } from "../answers/socket_table.ts";
import { Chaos } from "../faults/chaos.ts";
import { RandomSource } from "../engine/random_source.ts";
import { traceCall } from "../engine/open_wait.ts";
import { type RunEnd, Scheduler } from "../engine/scheduler.ts";
import { checkFault } from "../faults/fault_checks.ts";
import type { Fault, ScheduledFault } from "../faults/faults.ts";
import { currentContext } from "../globals/context.ts";
import { type Host, HOST_CHECKS, type HostMain, hostName, type HostOptions } from "./host.ts";
import type { Netstat } from "./netstat.ts";
import { Lan } from "../network/lan.ts";
import { Names } from "../network/names.ts";
import { PostOffice } from "../network/post_office.ts";
import { Wire } from "../network/wire.ts";
import { checkVerdict, type SegmentRule } from "../faults/segment_rule.ts";
import type { RunState } from "../run_state.ts";
import { HangError, SimulationError } from "../simulation_error.ts";
import type { Leftover } from "../simulation_run.ts";
import type { SimulationSettings } from "../simulation_options.ts";
import { type SimulationEvent, Trace } from "../trace.ts";
import type { RuleOptions, World } from "./world.ts";

/** The host that the function of a simulation runs on. */
const MAIN = "main";
/** So many faults of programs are kept for a report. */
const MAX_INJECTED = 100;
/** No more of what a program threw is told in the first line, in characters. */
const MAX_MESSAGE = 300;

const twoHosts: Check = (value, option) => {
  check.listOf(check.text, { least: 2 })(value, option);
  if ((value as unknown[]).length > 2) throw wrongKind(option, value, "has more than two hosts");
};

const RULE_CHECKS: OptionTable<RuleOptions> = { between: twoHosts };

/** A world: everything in it, and its course. */
export class SimulatedWorld implements World {
  readonly #settings: SimulationSettings;
  readonly #scheduler: Scheduler;
  readonly #random: RandomSource;
  readonly #trace = new Trace();
  readonly #lan: Lan;
  readonly #postOffice: PostOffice;
  readonly #hosts = new Map<string, SimulatedHost>();
  // The hosts whose end the world waits for.
  readonly #clients = new Set<SimulatedHost>();
  readonly #faults: ScheduledFault[] = [];
  readonly #injected: ScheduledFault[] = [];
  readonly #repetition: () => Pick<RunState, "options" | "replay">;
  #failure: { readonly host: string; readonly error: unknown } | null = null;
  #isOver = false;
  #leftovers: readonly Leftover[] = [];

  /** `repetition`: what repeats it, asked for if it fails. */
  constructor(
    settings: SimulationSettings,
    repetition: () => Pick<RunState, "options" | "replay">,
  ) {
    this.#repetition = repetition;
    const { seed, conditions, segmentSize, window, lookupLatency } = settings;
    this.#settings = settings;
    this.#scheduler = new Scheduler(settings, (error) => this.#fail(MAIN, error));
    this.#random = new RandomSource(seed);
    const wireOptions = { conditions, segmentSize, window };
    const wire = new Wire(this.#scheduler, this.#trace, this.#random.fork("wire"), wireOptions);
    const names = new Names(this.#scheduler, this.#random.fork("names"), lookupLatency);
    this.#lan = new Lan(wire, names);
    this.#postOffice = new PostOffice(this.#lan);
  }

  get seed(): number {
    return this.#settings.seed;
  }

  get now(): number {
    return this.#scheduler.now;
  }

  /** The outcome of a run. */
  get state(): RunState {
    return {
      seed: this.seed,
      virtualTime: this.now,
      steps: this.#scheduler.steps,
      faults: this.#faults,
      injected: this.#injected,
      options: {},
      notes: [],
      replay: null,
      waits: Array.from(this.#hosts.values(), (host) => host.waits),
    };
  }

  /** The things that programs left open, once it is over. */
  get leftovers(): readonly Leftover[] {
    return this.#leftovers;
  }

  /** Everything that happens. */
  get trace(): Trace {
    return this.#trace;
  }

  /** Runs `main` and what it starts, until it is done. Resolves to what it returns. */
  async run<T>(main: (world: World) => T | Promise<T>): Promise<T> {
    const value = this.client(MAIN, () => main(this));
    this.#schedule();
    const end = await this.#scheduler.run();
    this.#isOver = true;
    const error = this.#errorOf(end);
    this.#leftovers = [...this.#hosts.values()].flatMap((host) => host.leftovers);
    for (const host of this.#hosts.values()) host.stop(true);
    // Promises that are under way come to their end while they have no effect.
    await nextTurn().then(nextTurn);
    if (error !== null) throw error;
    return await value;
  }

  host(name: string, main: HostMain, options?: HostOptions): Host {
    return this.#add(name, main, options);
  }

  client<T>(name: string, main: HostMain<T>, options?: HostOptions): Promise<T> {
    const host = this.#add(name, main, options);
    this.#clients.add(host);
    const starter = currentContext()?.process;
    if (starter !== undefined) {
      const wait = { what: `end of client "${name}"`, since: this.now, trace: traceCall() };
      starter.waits.add(wait);
      void host.ended.then(() => starter.waits.delete(wait));
    }
    // The result of its own function.
    return host.ended as Promise<T>;
  }

  partition(a: string, b?: string, { oneWay = false }: { readonly oneWay?: boolean } = {}): void {
    this.inject({ kind: "partition", a, ...given({ b }), ...(oneWay && { oneWay }) });
  }

  heal(a?: string, b?: string): void {
    this.inject({ kind: "heal", ...given({ a, b }) });
  }

  hold(a: string, b?: string): void {
    this.inject({ kind: "hold", a, ...given({ b }) });
  }

  release(a: string, b?: string): void {
    this.inject({ kind: "release", a, ...given({ b }) });
  }

  crash(host: string, { process = false }: { readonly process?: boolean } = {}): void {
    this.inject({ kind: "crash", host, ...(process && { process }) });
  }

  restart(host: string): void {
    this.inject({ kind: "restart", host });
  }

  inject(fault: Fault): void {
    checkFault(fault, { action: "inject fault", name: "fault" });
    for (const name of hostsOf(fault)) this.#checkHost(name, "inject fault");
    this.#injected.push({ at: this.now, fault });
    if (this.#injected.length > MAX_INJECTED) this.#injected.shift();
    this.#apply(fault);
  }

  rule(rule: SegmentRule, options: RuleOptions = {}): Disposable {
    check.functionLike("(segment) => verdict")(rule, { action: "add rule", name: "rule" });
    checkOptions("add rule", options, RULE_CHECKS);
    const { between } = options;
    const applies = (from: string, to: string): boolean =>
      between === undefined || (between.includes(from) && between.includes(to) && from !== to);
    // It runs where it was made, not in the program whose segment it is asked about.
    const restore = AsyncLocalStorage.snapshot();
    const end = this.#lan.wire.addRule((segment) =>
      applies(segment.from, segment.to)
        ? this.#scheduler.guard(() => checkVerdict(restore(rule, segment)), "pass")
        : "pass"
    );
    return { [Symbol.dispose]: end };
  }

  outside<T>(work: PromiseLike<T>): Promise<T> {
    return this.#scheduler.outside(work);
  }

  netstat(host?: string): Netstat {
    if (host !== undefined) this.#checkHost(host, "list sockets");
    return new SocketTable(this.#lan, host);
  }

  subscribe(listener: (event: SimulationEvent) => void): Disposable {
    check.functionLike("(event) => …")(listener, { action: "subscribe", name: "listener" });
    const restore = AsyncLocalStorage.snapshot();
    const end = this.#trace.subscribe((event) =>
      this.#scheduler.guard(() => restore(listener, event), undefined)
    );
    return { [Symbol.dispose]: end };
  }

  #checkHost(name: string, what: string): void {
    if (this.#hosts.has(name)) return;
    const known = [...this.#hosts.keys()].join(", ");
    throw new TypeError(`Cannot ${what}: there is no host "${name}"; there are ${known}`);
  }

  #add(name: string, main: HostMain, options: HostOptions = {}): SimulatedHost {
    const action = "add host";
    hostName(name, { action, name: "name" });
    check.functionLike("(host) => …")(main, { action, name: "main" });
    checkOptions(action, options, HOST_CHECKS);
    if (this.#isOver) throw new InvalidStateError(`Cannot add host "${name}": the run is over`);
    const host = new SimulatedHost(
      {
        lan: this.#lan,
        postOffice: this.#postOffice,
        random: this.#random,
        startTime: this.#settings.startTime,
        onFailed: (failed, error) => this.#fail(failed, error),
        onEnded: () => this.#stopWhenDone(),
      },
      name,
      main,
      options,
    );
    this.#hosts.set(name, host);
    return host;
  }

  #fail(host: string, error: unknown): void {
    this.#failure ??= { host, error };
    this.#scheduler.stop();
  }

  /** A client that crashed and is not started again is not waited for. */
  #stopWhenDone(): void {
    if ([...this.#clients].every((client) => !client.isDue)) this.#scheduler.stop();
  }

  #schedule(): void {
    for (const { at, fault } of this.#settings.faults) {
      this.#scheduler.after(at, "faults", () => this.#applyScheduled(fault));
    }
    const { chaos } = this.#settings;
    if (chaos !== null) this.#drawChaos(new Chaos(this.#random.fork("chaos"), chaos));
  }

  #drawChaos(chaos: Chaos): void {
    const delay = chaos.nextDelay();
    if (this.now + delay > chaos.until) return;
    this.#scheduler.after(delay, "chaos", () => {
      // The function of the simulation is in command, it does not suffer.
      const hosts = [...this.#hosts.keys()].filter((name) => name !== MAIN);
      const trouble = chaos.next(this.now, hosts);
      if (trouble !== null) {
        const { fault, end, duration } = trouble;
        this.#applyScheduled(fault);
        if (end !== null) {
          this.#scheduler.after(duration, "chaos", () => this.#applyScheduled(end));
        }
      }
      this.#drawChaos(chaos);
    });
  }

  #applyScheduled(fault: Fault): void {
    if (!hostsOf(fault).every((name) => this.#hosts.has(name))) return;
    this.#faults.push({ at: this.now, fault });
    this.#apply(fault);
  }

  #apply(fault: Fault): void {
    this.#scheduler.touch();
    this.#trace.emit({ kind: "fault", at: this.now, fault });
    applyFault(fault, this.#lan, {
      crash: (name, isProcessOnly) => this.#hosts.get(name)?.crash(isProcessOnly),
      restart: (name) => this.#hosts.get(name)?.restart(),
      skew: (name, milliseconds) => this.#hosts.get(name)?.skew(milliseconds),
    });
  }

  /** The function of the simulation crashed and was not started again, so it has no result. */
  #mainLost(): string | null {
    if (this.#hosts.get(MAIN)?.hasCrashed !== true) return null;
    return `host "${MAIN}" crashed, so its function has no result`;
  }

  /** A fault of the schedule that could not happen: a test with it would prove nothing. */
  #misnamedFault(): string | null {
    const due = this.#settings.faults.filter(({ at }) => at <= this.now);
    const names = due.flatMap(({ fault }) => hostsOf(fault));
    const name = names.find((one) => !this.#hosts.has(one));
    if (name === undefined) return null;
    const known = [...this.#hosts.keys()].join(", ");
    return `its faults name host "${name}", which never was; there were ${known}`;
  }

  /** The error of a run that ended in that way; `null` if it did well. */
  #errorOf(end: RunEnd): SimulationError | null {
    const failure = this.#failure;
    const problem = failure === null
      ? this.#problem(end)
      : `host "${failure.host}" failed: ${firstLineOf(failure.error)}`;
    if (problem === null) return null;
    const state = { ...this.state, ...this.#repetition() };
    if (failure !== null) {
      return new SimulationError(problem, state, { host: failure.host, cause: failure.error });
    }
    return end === "hung" ? new HangError(state) : new SimulationError(problem, state);
  }

  #problem(end: RunEnd): string | null {
    const { maxSteps, maxVirtualTime } = this.#settings;
    switch (end) {
      case "done":
        return this.#mainLost() ?? this.#misnamedFault();
      case "hung":
        return end;
      case "steps": {
        const shares = this.#scheduler.busiest.filter((_, index) => index < 3)
          .map(([owner, events]) => `${owner} had ${events} events`);
        return `it takes more than ${maxSteps} events; ${shares.join(", ")}`;
      }
      case "time": {
        const waiting = [...this.#clients].filter(({ isRunning }) => isRunning);
        const names = waiting.map(({ name }) => name).join(", ");
        return `its time is up after ${maxVirtualTime} ms; ${names} did not end`;
      }
    }
  }
}

/** Never throws, although a program may throw anything. */
function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return show(error);
  }
}

function firstLineOf(error: unknown): string {
  const line = messageOf(error).split("\n").find((one) => one.trim() !== "") ?? "";
  return line.length > MAX_MESSAGE ? `${line.substring(0, MAX_MESSAGE)}…` : line;
}
