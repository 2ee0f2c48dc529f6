import type { ProcessExit } from "../../../protocols/facts/extra_info.ts";
import { nextTurn, settlesInTime } from "../../core/clock.ts";
import { raiseAgain } from "../../core/system/own_signals.ts";

/** Signals that end this program, if nothing is done about it. Windows has only the first two. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGHUP"];
/** How long children get to end by themselves when we are told to, in milliseconds. */
const GRACE_MS = 5000;

type SendSignal = (signal: string) => void;

/** Ends the children when this program ends. It listens only while there are any. */
class Guard {
  readonly #children = new Map<SendSignal, Promise<ProcessExit>>();
  #isListening = false;
  readonly #onSignal = new Map(
    SIGNALS.map((signal) => [signal, (): void => void this.#endBy(signal)] as const),
  );

  add(exited: Promise<ProcessExit>, send: SendSignal): void {
    if (!this.#isListening) this.#listen();
    this.#children.set(send, exited);
    void exited.then(() => {
      this.#children.delete(send);
      if (this.#children.size === 0) void this.#stopSoon();
    });
  }

  /** Often the next one is started directly after: a listener costs a tenth of a start. */
  async #stopSoon(): Promise<void> {
    await nextTurn();
    if (this.#children.size === 0 && this.#isListening) this.#stopListening();
  }

  #listen(): void {
    this.#isListening = true;
    for (const [signal, listener] of this.#onSignal) Deno.addSignalListener(signal, listener);
    globalThis.addEventListener("unload", this.#onUnload);
    globalThis.addEventListener("error", this.#beLast, true);
    globalThis.addEventListener("unhandledrejection", this.#beLast, true);
  }

  #stopListening(): void {
    this.#isListening = false;
    for (const [signal, listener] of this.#onSignal) Deno.removeSignalListener(signal, listener);
    globalThis.removeEventListener("unload", this.#onUnload);
    globalThis.removeEventListener("error", this.#beLast, true);
    globalThis.removeEventListener("error", this.#onUncaught);
    globalThis.removeEventListener("unhandledrejection", this.#beLast, true);
    globalThis.removeEventListener("unhandledrejection", this.#onUncaught);
  }

  /** There is no time to ask. */
  readonly #onUnload = (): void => this.#send("SIGKILL");

  /**
   * Before all other listeners: makes ours the last one, when it is known whether the program goes
   * on.
   */
  readonly #beLast = ({ type }: Event): void => {
    globalThis.removeEventListener(type, this.#onUncaught);
    globalThis.addEventListener(type, this.#onUncaught);
  };

  readonly #onUncaught = (event: Event): void => {
    // A program that prevents that goes on.
    if (!event.defaultPrevented) this.#send("SIGKILL");
  };

  async #endBy(signal: Deno.Signal): Promise<void> {
    const exits = Promise.all(this.#children.values());
    for (const last of ["SIGTERM", "SIGKILL"]) {
      this.#send(last);
      if (await settlesInTime(exits, GRACE_MS)) break;
    }
    if (this.#isListening) this.#stopListening();
    // Our listener is gone: the signal does what it does without us.
    raiseAgain(signal);
  }

  #send(signal: string): void {
    for (const send of this.#children.keys()) {
      try {
        send(signal);
      } catch {
        // It runs as another user. The others must hear of it all the same.
      }
    }
  }
}

const guard = new Guard();

/**
 * Ends a child when this program ends, until it has exited.
 *
 * @param exited When that is.
 * @param send Sends it a signal.
 */
export function endWithUs(exited: Promise<ProcessExit>, send: SendSignal): void {
  guard.add(exited, send);
}
