import type { Transport } from "../../protocols/contract.ts";
import { watchSent } from "../core/write/writing.ts";
import { systemSendQueue } from "./_system_send_queue.ts";

/**
 * Tells whether bytes leave a connection: from the library to the system, and from the system to
 * the peer.
 */
export class SendProgress {
  readonly #transport: Transport;
  // The bytes that the system held when it was asked last; null if it has taken some since.
  #queued: number | null = null;
  /** Ends the watching. */
  readonly stop: () => void;

  /** Watches a transport; calls back when the system takes something. */
  constructor(transport: Transport, onSent: () => void) {
    this.#transport = transport;
    this.stop = watchSent(transport, () => {
      this.#queued = null;
      onSent();
    });
  }

  /**
   * Whether the peer takes something of what the system has: `"unsure"` the first time. To be asked
   * when the system takes nothing, as it costs more.
   *
   * @returns `null` if that cannot be known.
   */
  ask(): Promise<boolean | "unsure"> | null {
    return systemSendQueue(this.#transport)?.then((queued) => {
      const before = this.#queued;
      this.#queued = queued;
      if (queued === null || queued === 0) return false;
      return before === null ? "unsure" : queued !== before;
    }) ?? null;
  }
}
