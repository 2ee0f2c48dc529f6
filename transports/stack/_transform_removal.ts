import type { Bytes } from "../../protocols/bytes.ts";

/**
 * Where the removal of a transform is.
 *
 * ```text
 *        ask           cut           left             done
 *  none ----> cutting ----> leaving ----> handingOver ----> gone
 *    |           |             |               |
 *    +-----------+-----end-----+---------------+----------> ended
 * ```
 *
 * - `none`: it was not asked for.
 * - `cutting`: bytes written before are being encoded.
 * - `leaving`: the transform says its last words. Bytes written now are passed on as they are.
 * - `handingOver`: decoded bytes are being delivered. Bytes that arrive now are kept as they are.
 * - `gone`: the transport above forwards to the one below.
 * - `ended`: the connection ended before that.
 */
type RemovalPhase = "none" | "cutting" | "leaving" | "handingOver" | "gone" | "ended";

/** What moves a removal from one {@linkcode RemovalPhase} to the next. */
type RemovalEvent = "ask" | "cut" | "left" | "done" | "end";

/** The phase that each event leads to. Other events change nothing. */
const TRANSITIONS: Record<RemovalPhase, Partial<Record<RemovalEvent, RemovalPhase>>> = {
  none: { ask: "cutting", end: "ended" },
  cutting: { cut: "leaving", end: "ended" },
  leaving: { left: "handingOver", end: "ended" },
  handingOver: { done: "gone", end: "ended" },
  gone: {},
  ended: {},
};

/** The state of the removal of a transform from a live connection. */
export class TransformRemoval {
  /** What arrived while the layer was handed over, for the protocol above. */
  readonly held: Bytes[] = [];
  /** Whether the protocol above wants to read, while the layer is handed over. */
  wantsReading = true;
  #phase: RemovalPhase = "none";
  #cutAt = Infinity;
  #cut: PromiseWithResolvers<void> | null = null;

  /** Whether a removal was asked for. */
  get isAsked(): boolean {
    return this.#phase !== "none" && this.#phase !== "ended";
  }

  /** Whether what arrives is kept for the transport below. */
  get isHandingOver(): boolean {
    return this.#phase === "handingOver";
  }

  /** Whether the transform is used no more. */
  get isOver(): boolean {
    return this.#phase === "gone" || this.#phase === "ended";
  }

  /**
   * Asks for the removal once `cutAt` bytes are encoded.
   *
   * @returns Resolves at {@linkcode cut}, or when the connection ends.
   */
  ask(cutAt: number): Promise<void> {
    this.#advance("ask");
    this.#cutAt = cutAt;
    this.#cut = Promise.withResolvers();
    return this.#cut.promise;
  }

  /** How many more bytes are encoded before the cut. */
  bytesBeforeCut(encoded: number): number {
    return this.#cutAt - encoded;
  }

  /** No more is encoded: the removal goes on, if there is one. */
  cut(): void {
    this.#advance("cut");
    this.#cut?.resolve();
  }

  /** The transform has left; `rest` is what it had received and not used. */
  left(rest: Bytes | undefined, wantsReading: boolean): void {
    if (rest !== undefined) this.held.push(rest);
    this.wantsReading = wantsReading;
    this.#advance("left");
  }

  /** The layer is out. */
  done(): void {
    this.#advance("done");
  }

  /** The connection has ended. */
  end(): void {
    this.#advance("end");
    this.#cut?.resolve();
  }

  #advance(event: RemovalEvent): void {
    this.#phase = TRANSITIONS[this.#phase][event] ?? this.#phase;
  }
}
