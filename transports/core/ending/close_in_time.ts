import type { CloseInfo } from "../../../protocols/facts/close_info.ts";
import type {
  BaseProtocolCallbacks,
  ProtocolCallbacks,
  Transport,
} from "../../../protocols/contract.ts";
import { settlesInTime } from "../clock.ts";
import { gateOf, topOf } from "../stack_slot.ts";

/**
 * The default of `timeout` of `StreamConnection.close`, and what `await using` gives a transport,
 * in milliseconds.
 */
const DEFAULT_CLOSE_TIMEOUT = 10_000;

/** How a connection is closed, see {@linkcode closeInTime}. */
interface Closing {
  /** How many milliseconds what is queued gets to be sent. */
  readonly timeout?: number;
  /** How many milliseconds the peer then gets to end its direction too. */
  readonly linger?: number;
  /** Cuts both short. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Closes a transport and waits for its end. If the peer does not take in time what is queued, or
 * the signal aborts, the transport is aborted.
 *
 * @param transport What to close.
 * @param closing The times, and the signal.
 * @returns How the connection ended.
 */
export async function closeInTime(
  transport: Transport,
  closing: Closing = {},
): Promise<CloseInfo> {
  const { timeout = DEFAULT_CLOSE_TIMEOUT, linger = 0, signal } = closing;
  const top = linger > 0 ? await whenOpen(transport, closing) : transport;
  if (linger > 0) await lingerOn(top, closing);
  top.close();
  if (!await settlesInTime(top.closed, timeout, signal)) top.abort();
  return await top.closed;
}

/**
 * Waits until a layer that is being put in is there, or a file that is being sent has left. Until
 * then the end of the direction waits, or is refused.
 *
 * @returns The transport on top of the layer.
 */
async function whenOpen(
  transport: Transport,
  { timeout = DEFAULT_CLOSE_TIMEOUT, signal }: Closing,
): Promise<Transport> {
  gateOf(transport)?.settle();
  const gate = gateOf(transport);
  if (gate === null || transport.isClosing()) return transport;
  if (!await settlesInTime(gate.opened, timeout, signal)) transport.abort();
  return topOf(transport);
}

/**
 * Ends the outgoing direction and waits for the peer's end, for so long as `linger` says; what
 * still comes is dropped. Without a half-close it does nothing.
 */
export async function lingerOn(
  transport: Transport,
  { timeout = DEFAULT_CLOSE_TIMEOUT, linger = 0, signal }: Closing,
): Promise<void> {
  if (!transport.canWriteEof() || transport.isClosing()) return;
  const lingering = new Lingering(transport);
  if (!await settlesInTime(lingering.sent, timeout, signal)) transport.abort();
  else await settlesInTime(lingering.over, linger, signal);
}

/**
 * Ends the outgoing direction, and drops what still comes. A socket that is closed while its peer
 * sends is reset, and a peer that learns of the reset first loses our last words (RFC 9112, 9.6).
 */
class Lingering implements ProtocolCallbacks {
  readonly borrowsChunks = true;
  readonly #before: BaseProtocolCallbacks;
  readonly #sent = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();

  /** Begins. The protocol is not told of data any more. */
  constructor(transport: Transport) {
    this.#before = transport.getProtocol();
    transport.setProtocol(this, { replayEof: true });
    transport.setWriteBufferLimits({ high: 0 });
    if (transport.getWriteBufferSize() === 0) this.#sent.resolve();
    transport.writeEof();
    transport.resumeReading();
  }

  /** Resolves when all that was queued is sent, or never will be. */
  get sent(): Promise<void> {
    return this.#sent.promise;
  }

  /** Resolves when the peer has ended its direction, or the connection is lost. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  dataReceived(): void {}

  eofReceived(): boolean {
    this.#over.resolve();
    return true;
  }

  pauseWriting(): void {
    this.#before.pauseWriting?.();
  }

  resumeWriting(): void {
    this.#sent.resolve();
    this.#before.resumeWriting?.();
  }

  writingFailed(error: Error): void {
    this.#end();
    this.#before.writingFailed?.(error);
  }

  connectionLost(error: Error | null): void {
    this.#end();
    return this.#before.connectionLost?.(error);
  }

  #end(): void {
    this.#sent.resolve();
    this.#over.resolve();
  }
}
