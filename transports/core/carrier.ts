import type { Bytes } from "../../protocols/bytes.ts";
import type { CloseInfo } from "../../protocols/facts/close_info.ts";

/** How a connection ends: what a carrier is told when it is closed. */
export interface CarrierOutcome extends Pick<CloseInfo, "endedBy" | "error"> {
  /** Whether the peer is to see a reset. Only a carrier with `canReset` is asked for one. */
  readonly reset?: boolean;
}

/**
 * Where a transport reads from: an async iterator of chunks.
 *
 * Any async generator of chunks is one. A source that can read straight into a given buffer takes
 * it as the argument of `next` and yields the filled part of it; one that cannot ignores it.
 */
export interface ByteSource extends AsyncIterator<Bytes, unknown, Uint8Array | undefined> {
  /** Whether each chunk outside a given buffer has a buffer of its own, so that none is copied. */
  readonly givesOwnedBytes?: boolean;
}

/** Takes the bytes that a {@linkcode PushSource} reads. */
export interface ByteSink {
  /**
   * For a source that can leave bytes with the system: whether to read now. If not,
   * {@linkcode PushSource.resume} is called later.
   */
  isAsking(): boolean;
  /** Whether to read as much as there is at once: not for a protocol that would copy it again. */
  readonly takesBulk: boolean;
  /**
   * Bytes arrived: the first `n` of `memory`, which may be read into again. The sink copies what it
   * keeps before this returns.
   *
   * @returns Whether to read on; if not, {@linkcode PushSource.resume} is called later.
   */
  receive(memory: Bytes, n: number): boolean;
  /** Resolves when everything that arrived so far was delivered, or nothing is any more. */
  delivered(): Promise<void>;
  /**
   * The peer ended its direction. Nothing follows. Resolves when the protocol has answered, or is
   * not told any more.
   */
  end(): Promise<void>;
  /** The connection failed. Nothing follows. */
  fail(error: unknown): void;
}

/**
 * Where a transport is handed bytes as they arrive, for carriers that are called by their system:
 * no promise is made for a chunk.
 */
export interface PushSource {
  /** Whether it bounds the time that it takes in a turn of the event loop by itself. */
  readonly isTimed?: boolean;
  /**
   * Whether the sink may take the memory that it is handed away, or use it for longer, where that
   * costs less than a copy. The memory is empty then; or, if {@linkcode ByteSink.receive} has
   * returned false, it may be in use. The source reads into other memory.
   */
  readonly givesMemory?: boolean;
  /** Whether what it hands over is filled memory with no other user, so that none is copied. */
  readonly givesOwnedBytes?: boolean;
  /** Begins to read into `sink`. Called once. */
  start(sink: ByteSink): void;
  /** Reads on after one of {@linkcode ByteSink} has returned false. */
  resume(): void;
}

/**
 * The carrier of the bytes of one connection: the only part in which a socket, a pair in memory, a
 * Web stream or a process differ. A transport reads with one `next` at a time and writes with one
 * `write` at a time.
 */
export interface Carrier {
  /**
   * The only way that bytes go, for a pipe that is read or written; absent where they go both ways.
   * A carrier that can only be read is closed at its end, and to end the writing of one that can
   * only be written closes it.
   */
  readonly direction?: "read" | "write";
  /**
   * The incoming bytes: an iterator that ends when the peer ends its direction and rejects when the
   * connection fails, or a source that pushes.
   */
  readonly source: ByteSource | PushSource;
  /** Whether {@linkcode close} can reset the connection. By default it cannot. */
  readonly canReset?: boolean;
  /**
   * Sends the start of `bytes`, at least one byte; gives how many, now or by a promise. The bytes
   * stay unchanged until then.
   */
  write(bytes: Uint8Array): number | Promise<number>;
  /**
   * As {@linkcode write}, of bytes that may change when it returns: gives how many were sent, 0 if
   * that cannot be done at once. Absent where that costs no less than a copy of them.
   */
  tryWrite?(bytes: Uint8Array): number;
  /** Ends the outgoing direction. Absent where that cannot be done without ending both. */
  closeWrite?(): Promise<void>;
  /**
   * Passes on everything that was written and then ends the connection, before {@linkcode close} is
   * called. Not called when the connection is given up. Absent where `write` leaves nothing behind.
   */
  finish?(): Promise<void>;
  /** Releases everything at once; pending operations must settle. Called once, with the outcome. */
  close(outcome: CarrierOutcome): void;
  /** A fact about the connection, see `Transport.getExtraInfo`; `undefined` if not known. */
  getExtraInfo(name: string): unknown;
}

/** A carrier that encrypts by itself, as soon as its handshake is done. */
export interface SecureCarrier extends Carrier {
  /** Makes the handshake. Nothing is read or written before it resolves. */
  handshake(): Promise<void>;
}
