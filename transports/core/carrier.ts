import type { Bytes, CloseInfo } from "../../protocols/contract.ts";

/**
 * Where a transport reads from: an async iterator of chunks.
 *
 * Any async generator of chunks is one. A source that can read straight into a given buffer takes it as the
 * argument of `next` and yields the filled part of it; one that cannot ignores it.
 */
export type ByteSource = AsyncIterator<Bytes, unknown, Uint8Array | undefined>;

/**
 * What carries the bytes of one connection: the only thing in which a socket, a pair in memory, a Web stream or a
 * process differ. A transport reads with one `next` at a time and writes with one `write` at a time.
 */
export interface Carrier {
  /**
   * The only way that bytes go, for a pipe that is read or written; absent where they go both ways. What can only be
   * read is closed at its end, and to end the writing of what can only be written closes it.
   */
  readonly direction?: "read" | "write";
  /** The incoming bytes. It ends when the peer ends its direction and rejects when the connection fails. */
  readonly source: ByteSource;
  /** Sends the start of `bytes`, at least one; resolves to how many. The bytes stay unchanged until then. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends the outgoing direction. Absent where that cannot be done without ending both. */
  closeWrite?(): Promise<void>;
  /**
   * Passes on everything that was written and then ends the connection, before {@linkcode close} is called. Not
   * called when the connection is given up. Absent where `write` leaves nothing behind.
   */
  finish?(): Promise<void>;
  /** Releases everything, at once. What is pending settles somehow. Called once, with how it came to that. */
  close(outcome: Pick<CloseInfo, "endedBy" | "error">): void;
  /** A fact about the connection, see `Transport.getExtraInfo`; `undefined` if not known. */
  getExtraInfo(name: string): unknown;
}

/** A carrier that encrypts by itself, as soon as its handshake is done. */
export interface SecureCarrier extends Carrier {
  /** Makes the handshake. Nothing is read or written before it resolves. */
  handshake(): Promise<void>;
}
