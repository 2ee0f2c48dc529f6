import type { Delivery } from "../core/read/delivery.ts";
import type { TransportWrapper } from "../core/transport_wrapper.ts";
import { closeAfterPeer } from "../core/write/writing.ts";

/**
 * Passes the end of the peer's direction through a layer. The protocol above is told of it once all
 * data before it was delivered. The transport below was answered earlier, and that answer kept the
 * connection open. If the protocol does not want it open, the layer closes.
 */
export class PeerEnd {
  readonly #layer: TransportWrapper;
  readonly #delivery: Delivery;
  readonly #tell: () => unknown;
  #hasCome = false;
  #isWaiting = false;

  /** `tell` calls `eofReceived` of the protocol above `layer`. */
  constructor(layer: TransportWrapper, delivery: Delivery, tell: () => unknown) {
    this.#layer = layer;
    this.#delivery = delivery;
    this.#tell = tell;
  }

  /**
   * It is told in another way, if it was not told before.
   *
   * @returns Whether it waited until the protocol was handed everything.
   */
  leave(): boolean {
    const isWaiting = this.#isWaiting;
    this.#isWaiting = false;
    return isWaiting;
  }

  /** It came from below. Tells whether the connection stays open. */
  come(): boolean {
    this.#hasCome = true;
    if (this.#delivery.isReady) return this.#ask();
    this.#askInTime();
    return true;
  }

  /** Has it told once more, to another protocol, if it has come. */
  replay(): void {
    if (this.#hasCome) this.#askInTime();
  }

  #askInTime(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    void this.#delivery.ready().then(() => {
      if (!this.#isWaiting) return;
      this.#isWaiting = false;
      if (!this.#layer.isClosing()) this.#closeUnless(this.#ask());
    });
  }

  #ask(): boolean {
    const answer = this.#tell();
    if (answer instanceof Promise) void answer.then((keepsOpen) => this.#closeUnless(keepsOpen));
    return Boolean(answer);
  }

  #closeUnless(keepsOpen: unknown): void {
    if (!keepsOpen && !this.#layer.isClosing()) closeAfterPeer(this.#layer.inner, true);
  }
}
