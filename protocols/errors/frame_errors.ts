/**
 * A fault of one message of a {@linkcode Codec}; `recoverable` tells whether the connection can go
 * on.
 */
export abstract class FrameError extends Error {
  /**
   * Whether the messages after this one can still be read or sent: the bad one is, or will be,
   * passed over. If not, the start of the next one is unknown.
   */
  readonly recoverable: boolean;

  /** Creates the error from its message and whether decoding can continue after it. */
  constructor(message: string, recoverable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.name = "FrameError";
    this.recoverable = recoverable;
  }
}

/** A message is longer than its codec allows. */
export class FrameTooLongError extends FrameError {
  /** How long it is, or how much of it was seen, in bytes. */
  readonly length: number;
  /** The limit, `maxLength`, in bytes. */
  readonly limit: number;

  /**
   * Creates the error from both lengths in bytes.
   *
   * @param length How long the message is, or how much of it was seen, in bytes.
   * @param limit The limit, in bytes.
   * @param recoverable Whether the messages after it can still be read.
   */
  constructor(length: number, limit: number, recoverable = false) {
    super(`Cannot frame message: ${length} bytes exceed the limit of ${limit}`, recoverable);
    this.name = "FrameTooLongError";
    this.length = length;
    this.limit = limit;
  }
}

/** The peer sent bytes that the format does not allow. */
export class FrameDecodeError extends FrameError {
  /** Creates the error from its message. By default decoding cannot continue after it. */
  constructor(message: string, options: ErrorOptions & { readonly recoverable?: boolean } = {}) {
    super(message, options.recoverable ?? false, options);
    this.name = "FrameDecodeError";
  }
}

/** A message cannot be written in the format; nothing of it was sent. */
export class FrameEncodeError extends FrameError {
  /** Creates the error from its text. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, true, options);
    this.name = "FrameEncodeError";
  }
}

/** The data ended inside a message. */
export class IncompleteFrameError extends FrameError {
  /** How many bytes of the message had arrived and were not decoded yet. */
  readonly buffered: number;

  /** Creates the error from the number of bytes that had arrived. */
  constructor(buffered: number) {
    super(`Cannot complete message: data ended after ${buffered} bytes of it`, false);
    this.name = "IncompleteFrameError";
    this.buffered = buffered;
  }
}
