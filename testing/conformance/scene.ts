import { startTimer } from "../../transports/core/clock.ts";
import { turnBudget } from "../../protocols/waits/turn_budget.ts";
import { sentQueueOf } from "../../transports/core/write/writing.ts";
import { assert, assertEquals } from "@std/assert";
import type { AnyProtocol, ProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import type { ErrorContext } from "../../transports/core/error_report.ts";
import type { TransportOptions } from "../../transports/core/transport_options.ts";
import { type CallbackName, CallbackRecorder } from "../recording/callback_recorder.ts";
import type { MakeTransportPair, TransportGap } from "../make_transport_pair.ts";
import { RecordingProtocol } from "../recording/recording_protocol.ts";
import { type BatteryCase, namedCases } from "./battery_case.ts";
import type { Random } from "./random.ts";

/** An exception that was reported, and where it came from. */
interface ReportedError extends ErrorContext {
  /** The exception. */
  readonly error: Error;
}

/** One end of the connection that a case looks at. */
export interface End<P extends AnyProtocol> {
  /** The transport of this end. */
  readonly transport: Transport;
  /** The protocol it began with. */
  readonly protocol: P;
}

/** One thing that every transport must do. */
export type ConformanceCase = BatteryCase<Scene, TransportGap>;

/** The cases of one subject, by their names; the limits are the same for all. */
export const casesOf: typeof namedCases<Scene, TransportGap> = namedCases;

/** The connections of one run of a case: it makes them, and ends and checks them afterwards. */
export class Scene {
  /** Where the case gets its choices and its data from. */
  readonly random: Random;
  /** The exceptions that were reported. A case that provokes some takes them out. */
  readonly reported: ReportedError[] = [];
  readonly #makePair: MakeTransportPair;
  readonly #recorders = new Map<CallbackRecorder, string>();
  readonly #transports: Transport[] = [];
  readonly #cleanups: (() => unknown)[] = [];
  readonly #turns: Promise<void>[] = [];

  /** Makes its connections with `makePair`. */
  constructor(makePair: MakeTransportPair, random: Random) {
    this.#makePair = makePair;
    this.random = random;
  }

  /**
   * A connection between two protocols that are recorded; the callbacks given here come after the
   * record.
   */
  pair(
    a: ProtocolCallbacks = {},
    b: ProtocolCallbacks = {},
    options: TransportOptions = {},
  ): Promise<[End<RecordingProtocol>, End<RecordingProtocol>]> {
    return this.connect(new RecordingProtocol(a), new RecordingProtocol(b), options);
  }

  /** A connection between two protocols. */
  async connect<A extends AnyProtocol, B extends AnyProtocol>(
    a: A,
    b: B,
    options: TransportOptions = {},
  ): Promise<[End<A>, End<B>]> {
    const made: AnyProtocol[] = [];
    const factoryOf = (name: string, protocol: AnyProtocol) => () => {
      if (protocol instanceof CallbackRecorder) this.#recorders.set(protocol, name);
      made.push(protocol);
      return protocol;
    };
    const [endA, endB, cleanup] = await this.#makePair(factoryOf("a", a), factoryOf("b", b), {
      onError: (error, context) => this.reported.push({ ...context, error }),
      ...options,
    });
    this.#transports.push(endA.transport, endB.transport);
    if (cleanup !== undefined) this.#cleanups.push(cleanup);
    assert(
      made.length === 2 && made.includes(a) && made.includes(b),
      `makePair() must call each protocol factory once: they were called ${made.length} times`,
    );
    return [{ transport: endA.transport, protocol: a }, { transport: endB.transport, protocol: b }];
  }

  /** A turn that a callback takes, also when the connection ends meanwhile. */
  turn(): Promise<void> {
    const turn = turns(1);
    this.#turns.push(turn);
    return turn;
  }

  /** Ends every connection, and checks each for the rules that hold in every case. */
  async end(): Promise<void> {
    for (const transport of this.#transports) transport.abort();
    await Promise.all(this.#transports.map((transport) => transport.closed));
    for (const cleanup of this.#cleanups.splice(0)) await cleanup();
    await Promise.all(this.#turns);
    for (const [recorder, name] of this.#recorders) assertLegalOrder(recorder.calls, name);
    const unexpected = this.reported.map(({ callback, error }) => `${callback}: ${error}`);
    assertEquals(unexpected, [], "Exceptions were reported that no callback threw");
  }

  /** Ends every connection and waits for none: the case has failed. */
  abandon(): void {
    for (const transport of this.#transports) transport.abort();
    for (const cleanup of this.#cleanups.splice(0)) void cleanup();
  }

  /** The calls of the recorded protocols so far, as text. */
  describe(): string {
    const lines = Array.from(this.#recorders, ([recorder, name]) => {
      const received = `${recorder.receivedLength} bytes received`;
      return `  ${name}: ${recorder.order.join(", ") || "nothing"}; ${received}`;
    });
    return lines.join("\n");
  }
}

/** Checks the order of calls that the contract allows. */
function assertLegalOrder(calls: readonly CallbackName[], name: string): void {
  const times = (callback: CallbackName) => calls.filter((call) => call === callback).length;
  assertEquals(calls[0], "connectionMade", `${name}: the first call`);
  assertEquals(times("connectionMade"), 1, `${name}: calls of connectionMade`);
  assertEquals(calls.at(-1), "connectionLost", `${name}: the last call`);
  assertEquals(times("connectionLost"), 1, `${name}: calls of connectionLost`);
  assert(times("eofReceived") <= 1, `${name}: eofReceived was called more than once`);
  const marks = calls.filter((call) => call === "pauseWriting" || call === "resumeWriting");
  marks.forEach((mark, index) => {
    const expected = index % 2 === 0 ? "pauseWriting" : "resumeWriting";
    assertEquals(mark, expected, `${name}: pauseWriting and resumeWriting must alternate`);
  });
  const eof = calls.indexOf("eofReceived");
  const data = Math.max(calls.lastIndexOf("dataReceived"), calls.lastIndexOf("bufferUpdated"));
  assert(eof === -1 || data < eof, `${name}: bytes came after eofReceived`);
}

/**
 * Waits for some turns of the event loop, I/O and timers included, in which what must not happen
 * would happen. Anything that must happen has an event to wait for.
 */
export async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i++) {
    await new Promise<void>((resolve) => void startTimer(0, resolve));
    // Loops that rest, as on a busy machine, may do so for longer.
    if (turnBudget.isResting) await turnBudget.untilRenewed();
  }
}

/**
 * Waits until the transport has sent all that it was given. Only where the peer reads: a transport
 * need not have a buffer between the two.
 */
export async function flushed(transport: Transport): Promise<void> {
  while (transport.getWriteBufferSize() > 0) {
    // A transport that is not ours tells nothing: it is looked at in each turn of the event loop.
    await (sentQueueOf(transport)?.wait() ?? new Promise((resolve) => setImmediate(resolve)));
  }
}
