import { backgroundClock, startTimer } from "../../core/clock.ts";
import { fromErrno } from "../../core/os_error.ts";
import { EFD, EPOLL, EPOLL_EVENT, type Libc } from "./libc/libc.ts";
import { perLibc } from "./libc/per_libc.ts";

/** How many events one call asks for. */
const MAX_EVENTS = 256;
/**
 * How long one turn may take, in milliseconds: less than the loops of a connection may, so that
 * these do not pause it. The rest of the events is handled in the next turn.
 */
const TURN_MS = 2;
/** After so many events the clock is looked at. */
const LOOK_EVERY = 16;
/**
 * After so many milliseconds without a wait the reactor rests for one: Deno looks for events of its
 * own sockets and files when nothing is ready, and else only every 61st turn.
 */
const REST_MS = 4;
/**
 * How long another thread has to notice that it is woken up, in milliseconds: it needs 0.05, and
 * more where there is no free processor.
 */
const MAX_WAKING_MS = 100;
/** How long it is let run before it is looked at again, in microseconds. */
const WAKING_STEP_US = 20;
/**
 * So often, in milliseconds, the reactor looks for events though its thread waits for them: Deno
 * has 32 threads for what blocks, and while all are taken, by slow look-ups of names for instance,
 * the wait has not begun.
 */
const LOOK_IN_MS = 100;
/**
 * So often, in milliseconds, the reactor looks for events while nothing keeps the process alive: a
 * thread that waits would.
 */
const UNREF_LOOK_MS = 5;
/** Generations are counted from 1 up to here, and then again. */
const MAX_GENERATION = 0xffff_ffff;
/** The generation of what wakes the reactor up. */
const WAKE_UP = 0;

/** Gets the events of a descriptor. */
export interface ReadyHandler {
  /**
   * The descriptor is ready. Called again in the next turn while that is so: what the handler does
   * not want to hear of, it takes out of the interest of the {@linkcode Watch}. Must not throw.
   *
   * @param events Those of {@linkcode EPOLL}.
   */
  onReady(events: number): void;
}

/**
 * Waits for all descriptors of this thread: one set of epoll(7), level-triggered.
 *
 * ```text
 * turn: epoll_wait(0) -> handlers, for 2 ms at most -> setImmediate -> turn
 *   nothing ready, or 4 ms busy: epoll_wait on a thread of the runtime -> turn
 *     every 100 ms meanwhile: epoll_wait(0) -> handlers
 *   nothing open: the set is closed
 *   nothing open that keeps the process alive: a timer that does not, each 5 ms -> turn
 * ```
 *
 * While something is open and referenced, the process stays alive. Between two turns everything
 * else in the program runs: promises, timers, and after 4 ms at most what waits for the system
 * elsewhere.
 */
export class Reactor {
  readonly #libc: Libc;
  // By the number of the descriptor.
  readonly #watches: (Watch | undefined)[] = [];
  readonly #events: DataView<ArrayBuffer> = new DataView(
    new ArrayBuffer(MAX_EVENTS * EPOLL_EVENT.size),
  );
  readonly #eventBytes = new Uint8Array(this.#events.buffer);
  // The events of this turn, and the next one to handle.
  #count = 0;
  #next = 0;
  readonly #entry: DataView<ArrayBuffer> = new DataView(new ArrayBuffer(EPOLL_EVENT.size));
  readonly #entryBytes = new Uint8Array(this.#entry.buffer);
  // For the wait on another thread, which writes one event that is not looked at. Of the C library,
  // because a Worker may be ended while it waits.
  readonly #waitMemory: Deno.PointerObject;
  // A copy of its start, the events that were found.
  readonly #waitedFor = new Uint8Array(4);
  #set = -1;
  #wakeUp = -1;
  #open = 0;
  // How many of them keep the process alive.
  #referenced = 0;
  #generation = 0;
  // Changes when the set is closed: later calls for it do nothing.
  #round = 0;
  #isWaiting = false;
  // A turn is under way, which sees to the next one.
  #isTurning = false;
  #busySince = 0;
  #cancelLook = (): void => {};
  #cancelTurn = (): void => {};

  /** Opens its set when there is something to wait for. */
  constructor(libc: Libc) {
    this.#libc = libc;
    const memory = libc.calloc(1n, BigInt(EPOLL_EVENT.size));
    if (memory === null) throw new Deno.errors.Busy("Cannot wait: there is no memory");
    this.#waitMemory = memory;
  }

  /** How many descriptors are open. */
  get size(): number {
    return this.#open;
  }

  /** Whether a descriptor is watched. */
  has(fd: number): boolean {
    return this.#watches[fd] !== undefined;
  }

  /**
   * Takes a descriptor over: it is closed by the {@linkcode Watch}, and keeps the process alive
   * until then.
   *
   * @throws The error of the system if there are no descriptors left for the set itself.
   */
  open(fd: number, handler: ReadyHandler): Watch {
    if (this.#set < 0) this.#start();
    this.#generation = this.#generation % MAX_GENERATION + 1;
    const watch = new Watch(this, fd, this.#generation, handler);
    const before = this.#watches[fd];
    this.#watches[fd] = watch;
    this.#open++;
    this.reference();
    // The number is new, so another has closed the descriptor that had it.
    before?.lose();
    return watch;
  }

  /**
   * Tells the system which events of a descriptor to report from now on.
   *
   * @throws The error of the system, such as `EPERM` for a file, which is always ready.
   */
  watch(fd: number, generation: number, before: number, interest: number): void {
    const operation = interest === 0 ? EPOLL.DEL : before === 0 ? EPOLL.ADD : EPOLL.MOD;
    this.#entry.setUint32(0, interest, true);
    this.#entry.setInt32(EPOLL_EVENT.data, fd, true);
    this.#entry.setUint32(EPOLL_EVENT.data + 4, generation, true);
    const code = this.#libc.epoll_ctl(this.#set, operation, fd, this.#entryBytes);
    // A descriptor that others closed is out of the set: there is nothing to take out.
    if (code < 0 && operation !== EPOLL.DEL) throw fromErrno(this.#libc.errno);
  }

  /** Forgets a descriptor. */
  forget(watch: Watch): void {
    if (this.#watches[watch.fd] === watch) this.#watches[watch.fd] = undefined;
    this.#open--;
    if (watch.isReferenced) this.#referenced--;
    if (this.#open > 0) return this.#rest();
    // A wait would go on, and keep the process alive.
    if (!this.#isWaiting || this.#endWait()) this.#stop();
  }

  /** One more descriptor keeps the process alive. */
  reference(): void {
    if (this.#referenced++ > 0 || this.#isWaiting || this.#isTurning) return;
    // Instead of the turn that is scheduled: with two, two threads would wait in the end.
    this.#cancelTurn();
    this.#round++;
    setImmediate(this.#turn, this.#round);
  }

  /** One fewer does. */
  unreference(): void {
    this.#referenced--;
    this.#rest();
  }

  /** Waits without a thread once nothing keeps the process alive. */
  #rest(): void {
    if (this.#referenced > 0 || !this.#isWaiting) return;
    // If its thread has not returned, the turn after that does it.
    if (!this.#endWait()) return;
    this.#isWaiting = false;
    this.#round++;
    this.#turnSoon(UNREF_LOOK_MS);
  }

  /** Closes a descriptor. */
  close(fd: number): void {
    this.#libc.close(fd);
  }

  #start(): void {
    const set = this.#libc.epoll_create1(EPOLL.CLOEXEC);
    if (set < 0) throw fromErrno(this.#libc.errno);
    const wakeUp = this.#libc.eventfd(0, EFD.NONBLOCK | EFD.CLOEXEC);
    if (wakeUp < 0) {
      const error = fromErrno(this.#libc.errno);
      this.#libc.close(set);
      throw error;
    }
    this.#set = set;
    this.#wakeUp = wakeUp;
    try {
      this.watch(wakeUp, WAKE_UP, 0, EPOLL.IN);
    } catch (error) {
      this.#stop();
      throw error;
    }
    this.#turnSoon(0);
    this.#cancelLook = startTimer(LOOK_IN_MS, this.#lookIn, backgroundClock);
  }

  #stop(): void {
    this.#cancelLook();
    this.#cancelTurn();
    this.#round++;
    this.#isWaiting = this.#isTurning = false;
    this.#libc.close(this.#wakeUp);
    this.#libc.close(this.#set);
    this.#set = this.#wakeUp = -1;
    this.#count = this.#next = 0;
  }

  /**
   * Ends the wait, and gives its thread the time to return: after the last descriptor was closed
   * nothing goes on, so a test leaves no operation.
   *
   * @returns Whether it has returned. If not, the next turn ends what is to be ended.
   */
  #endWait(): boolean {
    // eventfd(2): an 8-byte number, which is added.
    const one = new Uint8Array(8);
    one[0] = 1;
    this.#libc.write(this.#wakeUp, one, 8n);
    const deadline = performance.now() + MAX_WAKING_MS;
    do {
      this.#libc.usleep(WAKING_STEP_US);
      this.#libc.memcpy(this.#waitedFor, this.#waitMemory, 4n);
    } while (this.#waitedFor[0] === 0 && performance.now() < deadline);
    // From the kernel it has a short way left.
    this.#libc.usleep(WAKING_STEP_US);
    return this.#waitedFor[0] !== 0;
  }

  // Made once: it is handed to every turn.
  readonly #turn = (round: number): void => {
    // The set that it was for was closed meanwhile.
    if (round !== this.#round) return;
    this.#isWaiting = false;
    if (this.#open === 0) return this.#stop();
    if (this.#next === this.#count) this.#collect();
    const now = performance.now();
    if (this.#count === 0) return this.#wait();
    this.#isTurning = true;
    try {
      this.#dispatch(now);
    } finally {
      // Even if a handler threw, the others go on.
      if (round === this.#round) this.#goOn(now);
    }
  };

  #goOn(now: number): void {
    this.#isTurning = false;
    if (this.#busySince === 0) this.#busySince = now;
    else if (now - this.#busySince > REST_MS) return this.#wait();
    this.#turnSoon(0);
  }

  /** The next turn, which comes at once if something keeps the process alive. */
  #turnSoon(milliseconds: number): void {
    if (this.#referenced > 0) return void setImmediate(this.#turn, this.#round);
    const round = this.#round;
    this.#cancelTurn = startTimer(milliseconds, () => this.#turn(round), backgroundClock);
  }

  readonly #lookIn = (): void => {
    this.#cancelLook = startTimer(LOOK_IN_MS, this.#lookIn, backgroundClock);
    if (!this.#isWaiting || this.#open === 0) return;
    if (this.#next === this.#count) this.#collect();
    this.#dispatch(performance.now());
  };

  #collect(): void {
    const found = this.#libc.epoll_wait(this.#set, this.#eventBytes, MAX_EVENTS, 0);
    // An interrupted call is repeated in the next turn.
    this.#count = Math.max(found, 0);
    this.#next = 0;
  }

  #dispatch(startedAt: number): void {
    const events = this.#events;
    while (this.#next < this.#count) {
      const at = this.#next++ * EPOLL_EVENT.size;
      const fd = events.getInt32(at + EPOLL_EVENT.data, true);
      const generation = events.getUint32(at + EPOLL_EVENT.data + 4, true);
      const watch = this.#watches[fd];
      // Else it is of an earlier descriptor with this number, which was closed in the same turn.
      if (watch?.generation === generation) watch.handler.onReady(events.getUint32(at, true));
      // With nothing open it is left for the wait, which it ends.
      else if (fd === this.#wakeUp && this.#open > 0) this.#libc.read(fd, new Uint8Array(8), 8n);
      const isLooking = this.#next % LOOK_EVERY === 0;
      if (isLooking && performance.now() - startedAt > TURN_MS) return;
    }
  }

  /** Waits on another thread, which leaves this one to the rest of the program. */
  #wait(): void {
    this.#busySince = 0;
    if (this.#referenced === 0) return this.#turnSoon(UNREF_LOOK_MS);
    this.#isWaiting = true;
    this.#libc.memset(this.#waitMemory, 0, 4n);
    // Nothing of the event is used: it is reported again.
    const waited = this.#libc.waitOnThread(this.#set, this.#waitMemory, 1, -1);
    const round = this.#round;
    void waited.then(() => this.#turn(round));
  }
}

/** A descriptor that a {@linkcode Reactor} watches. */
export class Watch {
  readonly fd: number;
  /** Tells it from others that had its number before. */
  readonly generation: number;
  readonly handler: ReadyHandler;
  readonly #reactor: Reactor;
  #interest = 0;
  #isOpen = true;
  #isReferenced = true;

  /** Made by {@linkcode Reactor.open}. */
  constructor(reactor: Reactor, fd: number, generation: number, handler: ReadyHandler) {
    this.#reactor = reactor;
    this.fd = fd;
    this.generation = generation;
    this.handler = handler;
  }

  /** Whether {@linkcode close} was not called yet. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether it keeps the process alive while it is open. */
  get isReferenced(): boolean {
    return this.#isReferenced;
  }

  set isReferenced(isReferenced: boolean) {
    if (isReferenced === this.#isReferenced) return;
    this.#isReferenced = isReferenced;
    if (!this.#isOpen) return;
    if (isReferenced) this.#reactor.reference();
    else this.#reactor.unreference();
  }

  /**
   * The events to be told of, those of {@linkcode EPOLL}. Of none: not even of errors, which the
   * system would report for ever.
   */
  get interest(): number {
    return this.#interest;
  }

  set interest(interest: number) {
    if (interest === this.#interest || !this.#isOpen) return;
    this.#reactor.watch(this.fd, this.generation, this.#interest, interest);
    this.#interest = interest;
  }

  /** Closes the descriptor. Its number may be another one's at once. */
  close(): void {
    if (!this.#isOpen) return;
    this.release();
    this.#reactor.close(this.fd);
  }

  /** Forgets the descriptor, and leaves it open. */
  release(): void {
    if (!this.#isOpen) return;
    // A copy of it, in another process for instance, would keep it in the set.
    this.interest = 0;
    this.#isOpen = false;
    this.#reactor.forget(this);
  }

  /** Another has closed the descriptor, whose number may have come back: nothing is to be done. */
  lose(): void {
    this.#isOpen = false;
    this.#reactor.forget(this);
  }
}

/** The reactor of this thread. */
export const reactorOf: (libc: Libc) => Reactor = perLibc((libc) => new Reactor(libc));
