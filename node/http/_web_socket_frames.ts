import type { Bytes } from "../../protocols/bytes.ts";
import { CarrierMessageError } from "../../protocols/errors.ts";
import { ReceiveBuffer } from "../../protocols/framing/receive_buffer.ts";

/** The kinds of frames (RFC 6455, 11.8). */
export const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** The longest payload of a control frame, in bytes. */
const MAX_CONTROL = 125;

/** A frame that ends the connection, and the code to say so (RFC 6455, 7.4.1). */
export class FrameError extends CarrierMessageError {
  /** 1002, 1003 or 1007. */
  readonly code: number;

  /** A fault of a frame. */
  constructor(fault: string, code = 1002) {
    super(`Cannot take WebSocket frame: ${fault}`);
    this.code = code;
  }
}

/** Told of the frames that a {@linkcode FrameReader} finds. */
interface FrameEvents {
  /** A part of a binary message; where it ends means nothing. */
  onData(chunk: Bytes): void;
  /** A frame that controls the connection, whole. */
  onControl(kind: number, payload: Bytes): void;
}

/** A frame that has begun. */
interface OpenFrame {
  readonly kind: number;
  readonly mask: readonly number[];
  left: number;
  position: number;
}

/** Reads the frames of a client (RFC 6455, 5.2). A payload is handed on as it comes. */
export class FrameReader {
  readonly #buffer = new ReceiveBuffer();
  readonly #events: FrameEvents;
  #frame: OpenFrame | null = null;
  // Between the parts of a message.
  #isInMessage = false;

  /** Hands on to `events`. */
  constructor(events: FrameEvents) {
    this.#events = events;
  }

  /**
   * Takes bytes of the client.
   *
   * @throws {FrameError} If they break the protocol, or are text.
   */
  push(chunk: Bytes): void {
    this.#buffer.append(chunk);
    while (this.#frame !== null || this.#begin()) {
      if (!this.#goOn()) return;
    }
  }

  /** Reads the head of a frame; tells whether all of it is there. */
  #begin(): boolean {
    const first = this.#buffer.byteAt(0);
    const second = this.#buffer.byteAt(1);
    if (first === undefined || second === undefined) return false;
    const short = second & 0x7f;
    const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
    const kind = first & 0x0f;
    this.#check(kind, first, second, short);
    const headLength = 2 + extra + 4;
    if (this.#buffer.length < headLength) return false;
    const head = this.#buffer.take(headLength);
    const view = new DataView(head.buffer, head.byteOffset, head.length);
    if (extra === 8 && view.getUint8(2) >= 0x80) throw new FrameError("its length is negative");
    const left = extra === 2
      ? view.getUint16(2)
      : extra === 8
      ? Number(view.getBigUint64(2))
      : short;
    this.#frame = { kind, mask: [...head.subarray(2 + extra)], left, position: 0 };
    if (kind < CLOSE) this.#isInMessage = (first & 0x80) === 0;
    return true;
  }

  #check(kind: number, first: number, second: number, length: number): void {
    const isFinal = (first & 0x80) !== 0;
    const fault = (first & 0x70) !== 0
      ? "it uses an extension that was not agreed on"
      : (second & 0x80) === 0
      ? "it is not masked, as those of a client must be"
      : kind === TEXT
      ? "it is text"
      : kind > BINARY && (kind < CLOSE || kind > PONG)
      ? `there is no kind ${kind}`
      : kind >= CLOSE && (!isFinal || length > MAX_CONTROL)
      ? "a frame that controls the connection is in parts, or too long"
      : kind < CLOSE && (kind === CONTINUATION) !== this.#isInMessage
      ? "its message did not begin, or the one before did not end"
      : null;
    if (fault !== null) throw new FrameError(fault, kind === TEXT ? 1003 : 1002);
  }

  /** Hands on what is there of the frame; tells whether to look for more. */
  #goOn(): boolean {
    const frame = this.#frame;
    if (frame === null) return false;
    const isControl = frame.kind >= CLOSE;
    if (isControl && this.#buffer.length < frame.left) return false;
    if (!isControl && frame.left > 0 && this.#buffer.length === 0) return false;
    const payload = isControl
      ? this.#buffer.take(frame.left)
      : this.#buffer.takeChunk(Math.min(frame.left, this.#buffer.length));
    for (let i = 0; i < payload.length; i++) {
      payload[i] = (payload[i] ?? 0) ^ (frame.mask[frame.position++ & 3] ?? 0);
    }
    frame.left -= payload.length;
    if (frame.left === 0) this.#frame = null;
    if (isControl) this.#events.onControl(frame.kind, payload);
    else if (payload.length > 0) this.#events.onData(payload);
    return true;
  }
}

/**
 * The code and the reason of a frame that closes the connection; 1005 if it gives none.
 *
 * @throws {FrameError} If they are not allowed.
 */
export function readClose(payload: Bytes): { readonly code: number; readonly reason: string } {
  if (payload.length === 0) return { code: 1005, reason: "" };
  const code = (payload[0] ?? 0) * 256 + (payload[1] ?? 0);
  const isAllowed = (code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006)) ||
    (code >= 3000 && code <= 4999);
  if (payload.length === 1 || !isAllowed) throw new FrameError("it closes with no code to be sent");
  try {
    return { code, reason: new TextDecoder("utf-8", { fatal: true }).decode(payload.subarray(2)) };
  } catch {
    throw new FrameError("the reason to close is not UTF-8", 1007);
  }
}

/** The head of a frame of a server, which masks nothing. */
export function frameHead(kind: number, length: number): Uint8Array {
  if (length <= MAX_CONTROL) return Uint8Array.of(0x80 | kind, length);
  const head = new Uint8Array(length < 65_536 ? 4 : 10);
  const view = new DataView(head.buffer);
  view.setUint8(0, 0x80 | kind);
  view.setUint8(1, head.length === 4 ? 126 : 127);
  if (head.length === 4) view.setUint16(2, length);
  else view.setBigUint64(2, BigInt(length));
  return head;
}
