import { clockFor, startTimer } from "../core/clock.ts";
import type { CiphertextLink } from "./_ciphertext_link.ts";
import { ShutdownTimeoutError } from "../../protocols/errors.ts";
import { endsOf } from "./_tls_errors.ts";
import { MAX_DROPPED } from "./tls_options.ts";

/**
 * The phase `finishing` of a TLS connection: it tells the peer that we are done, gives it time to
 * end its direction too, and closes the transport below.
 */
export class TlsShutdown {
  readonly #link: CiphertextLink;
  readonly #peerEnded = Promise.withResolvers<void>();
  #dropped = 0;
  #stopTimer: () => void = () => {};

  /** Begins with {@linkcode run}. */
  constructor(link: CiphertextLink) {
    this.#link = link;
  }

  /** The peer has ended its direction, or nothing is expected from it any more. */
  endPeer(): void {
    this.#peerEnded.resolve();
  }

  /** Counts ciphertext that arrives meanwhile. Tells whether the engine still gets it. */
  takes(bytes: number): boolean {
    this.#dropped += bytes;
    if (this.#dropped <= MAX_DROPPED) return true;
    this.#link.inner.pauseReading();
    this.endPeer();
    return false;
  }

  /**
   * Exchanges the ends, by `endWriting` for ours.
   *
   * @throws The error of the transport below, if bytes were not sent.
   */
  async run(timeoutMs: number, endWriting: () => Promise<void>): Promise<void> {
    const { inner } = this.#link;
    this.#stopTimer = startTimer(timeoutMs, () => {
      const unsent = inner.getWriteBufferSize();
      const error = new ShutdownTimeoutError(endsOf(inner), timeoutMs, unsent);
      inner.abort(unsent === 0 ? undefined : error);
    }, clockFor(inner));
    await endWriting();
    // Closed before the peer has read everything, a socket is reset and the peer may lose the rest.
    await this.#peerEnded.promise;
    inner.close();
    const { error, bytesUnsent } = await inner.closed;
    if (error !== null && bytesUnsent > 0) throw error;
  }

  /** The connection is over. */
  stop(): void {
    this.#stopTimer();
    this.endPeer();
  }
}
