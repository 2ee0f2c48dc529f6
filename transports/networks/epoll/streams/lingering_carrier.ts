import { TimeoutError } from "../../../../protocols/errors/connection_errors.ts";
import type { CarrierOutcome } from "../../../core/carrier.ts";
import { formatAddress } from "../../../core/addresses.ts";
import { backgroundClock, startTimer } from "../../../core/clock.ts";
import { fromErrno } from "../../../core/os_error.ts";
import { LEVEL, type Libc, SO } from "../libc/libc.ts";
import { getOption } from "../libc/socket_calls.ts";
import { tcpStateOf } from "../tcp_info.ts";
import { type Ends, StreamCarrier } from "./stream_carrier.ts";

/** How often it is looked whether all has arrived, in milliseconds: more and more seldom. */
const LOOKS_MS = { first: 1, longest: 20 } as const;

/** The states in which the end of our direction is not acknowledged (RFC 9293 section 3.3.2). */
const UNACKNOWLEDGED: readonly string[] = [
  "established",
  "close-wait",
  "fin-wait-1",
  "closing",
  "last-ack",
];

/**
 * A TCP socket that is closed only when the peer's system has acknowledged all that was sent, or
 * after a time. The system could do that (SO_LINGER of socket(7)), and would stop the whole thread
 * in close(2) meanwhile. No event tells of an acknowledgement, so it is looked at.
 */
export class LingeringCarrier extends StreamCarrier {
  readonly #milliseconds: number;
  #stopLooking = (): void => {};

  /** Owns the connected socket from now on. */
  constructor(libc: Libc, fd: number, ends: Ends, milliseconds: number) {
    super(libc, fd, ends);
    this.#milliseconds = milliseconds;
  }

  /** Ends the outgoing direction, and waits until the peer's system has everything. */
  async finish(): Promise<void> {
    await this.closeWrite();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const deadline = performance.now() + this.#milliseconds;
    const look = (pause: number): void => {
      try {
        if (this.#isAcknowledged()) return resolve();
      } catch (error) {
        return reject(error);
      }
      const left = deadline - performance.now();
      if (left <= 0) return reject(this.#lateError());
      const next = Math.min(pause, left);
      const later = Math.min(2 * pause, LOOKS_MS.longest);
      this.#stopLooking = startTimer(next, () => look(later), backgroundClock);
    };
    look(LOOKS_MS.first);
    await promise;
  }

  override close(outcome: CarrierOutcome): void {
    this.#stopLooking();
    super.close(outcome);
  }

  /** Throws what the peer has answered instead, such as a reset. */
  #isAcknowledged(): boolean {
    // First the state: a reset between the two calls would look like an acknowledgement.
    const state = tcpStateOf(this.libc, this.fd);
    const errno = getOption(this.libc, this.fd, LEVEL.SOCKET, SO.ERROR);
    if (errno !== 0) throw fromErrno(errno);
    return !UNACKNOWLEDGED.includes(state);
  }

  #lateError(): TimeoutError {
    const peer = formatAddress(this.remote);
    return new TimeoutError(
      `Cannot tell whether ${peer} has all that was sent: it did not acknowledge it within linger ` +
        `(${this.#milliseconds} ms)`,
      this.#milliseconds,
    );
  }
}

/** The carrier of a connected socket, which lingers if it is asked to and of TCP. */
export function makeStreamCarrier(
  libc: Libc,
  fd: number,
  ends: Ends,
  linger: number | undefined,
): StreamCarrier {
  if (linger === undefined || ends.local.transport !== "tcp") {
    return new StreamCarrier(libc, fd, ends);
  }
  return new LingeringCarrier(libc, fd, ends, linger);
}
