import type { Bytes } from "../../protocols/bytes.ts";
import type { CloseInfo } from "../../protocols/facts/close_info.ts";
import type { Transport, WriteOptions } from "../../protocols/contract.ts";
import type { ExtraInfo, ExtraInfoValue } from "../../protocols/facts/extra_info.ts";
import { ConnectionLostError, InvalidStateError } from "../../protocols/errors.ts";
import { attachStreams } from "../../transports/connect_streams.ts";
import { NO_OPTIONS, signalOf, type WaitOptions } from "../../protocols/waits/wait_options.ts";
import type { SendableFile, SendFileOptions } from "../../transports/send_file.ts";
import type { StartTlsOptions } from "../../transports/tls/start_tls.ts";
import { ByteWritable } from "./byte_writable.ts";
import { FlowControl } from "./flow_control.ts";
import { flowOf, StreamReaderProtocol } from "../reading/stream_reader_protocol.ts";

/**
 * The way out of a connection: asyncio's `StreamWriter`.
 *
 * {@linkcode write} only queues. Await {@linkcode drain} after it, or a peer that does not read
 * makes the queue grow up to `maxWriteBuffer`, where the connection is aborted.
 *
 * @example Into a Web stream
 * ```ts
 * import { StreamWriter } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 * import { toText } from "@std/streams";
 *
 * const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>>();
 * const writer = StreamWriter.from(writable);
 * writer.write("to be read");
 * writer.close();
 * assertEquals(await toText(readable), "to be read");
 * await writer.waitClosed();
 * ```
 */
export class StreamWriter {
  readonly #flow: FlowControl;
  #writable: WritableStream<Uint8Array> | null = null;

  /** A writer to the transport of a protocol. */
  constructor(protocol: StreamReaderProtocol) {
    const source: StreamReaderProtocol | FlowControl = protocol;
    this.#flow = source instanceof FlowControl ? source : flowOf(source);
  }

  /**
   * A writer into any Web stream of bytes, which is locked.
   *
   * @throws {TypeError} If the stream is locked.
   */
  static from(writable: WritableStream<Bytes>): StreamWriter {
    const flow = new FlowControl();
    attachStreams(() => flow.asProtocol(), { writable });
    return writerOf(flow);
  }

  /** The transport that is written to. */
  get transport(): Transport {
    return this.#flow.transport;
  }

  /**
   * The way out as a Web stream; both may be used in turn. Closing it ends this direction and
   * leaves the other open; aborting it aborts the connection.
   */
  get writable(): WritableStream<Uint8Array> {
    return this.#writable ??= new ByteWritable({
      send: (chunk, options, signal) => {
        this.write(chunk, options);
        return this.#flow.drain(signal);
      },
      end: () => endWriting(this),
      abort: (reason) => this.transport.abort(reason instanceof Error ? reason : undefined),
      lost: this.transport.closed.then(lossOf),
    }).stream;
  }

  /**
   * Queues bytes or a string, as `Transport.write`. Dropped once the connection is closing or lost.
   *
   * @param data Bytes or a string.
   * @param options Whether the memory of the data is given away: it is detached then, and used
   * again by later reads.
   * @returns Whether more may be written now; {@linkcode drain} waits for that.
   * @throws {TypeError} If `data` is neither bytes nor a string.
   * @throws {InvalidStateError} After {@linkcode writeEof}, or if the connection was handed over.
   */
  write(data: Uint8Array | string, options?: WriteOptions): boolean {
    return this.#flow.output.write(data, options);
  }

  /**
   * Queues several pieces, as `Transport.writelines`.
   *
   * @param parts Bytes and strings.
   * @param options As of {@linkcode write}.
   * @returns What {@linkcode write} returns.
   * @throws As {@linkcode write}.
   */
  writelines(parts: Iterable<Uint8Array | string>, options?: WriteOptions): boolean {
    return this.#flow.output.writelines(parts, options);
  }

  /**
   * Waits until more may be written: at once below the high-water mark, else until the queue is
   * down to the low one. Any number may wait. If the connection closes cleanly, pending drains
   * resolve.
   *
   * @param options A signal: when it aborts the waiting ends with its reason, and written bytes are
   * still sent.
   * @throws {ConnectionLostError} If the connection is gone; or the failure that ended it.
   */
  drain(options: WaitOptions = NO_OPTIONS): Promise<void> {
    return this.#flow.drain(signalOf("drain", options));
  }

  /**
   * Waits until all that was written so far is with the system, however much is written meanwhile.
   *
   * @param options A signal, as for {@linkcode drain}.
   * @throws {ConnectionLostError} If bytes were dropped; or the failure that ended the connection.
   */
  flush(options: WaitOptions = NO_OPTIONS): Promise<void> {
    return this.#flow.flush(signalOf("flush", options));
  }

  /**
   * Waits until all that was written so far is with the system, as {@linkcode flush} does, however
   * much is written meanwhile.
   *
   * @param options A signal or a timeout, as for {@linkcode drain}.
   * @throws As {@linkcode flush}.
   */
  sent(options: WaitOptions = NO_OPTIONS): Promise<void> {
    return this.#flow.flush(signalOf("wait for sent bytes", options));
  }

  /**
   * Sends a file, or a range of it, as `sendFile` of the transports: other writes are refused until
   * that is done.
   *
   * @param file A path, or an open file.
   * @param options The range, a signal, a timeout, and a callback for the progress.
   * @returns How many bytes were sent.
   * @throws As `sendFile`.
   */
  sendFile(file: SendableFile, options?: SendFileOptions): Promise<number> {
    return this.#flow.sendFile(file, options);
  }

  /**
   * Encrypts the connection from now on, both directions: asyncio's `StreamWriter.start_tls`. Bytes
   * written before go out in the clear; bytes received and not read go into the handshake, or are
   * refused with `strict`. Reader, writer and Web pair stay valid. Bytes that you write during the
   * handshake wait, and go out encrypted; a read waits for decrypted data.
   *
   * @param options How to encrypt; a client needs `serverName`.
   * @throws {InvalidStateError} If the writer does not belong to a stream connection.
   * @throws As `startTls` of the transports; the connection is ended then.
   */
  async startTls(options: Omit<StartTlsOptions, "unread">): Promise<void> {
    const protocol = this.transport.getProtocol();
    if (!(protocol instanceof StreamReaderProtocol)) {
      throw new InvalidStateError("Cannot start TLS: the writer has no reader beside it");
    }
    await protocol.startTls(options);
  }

  /**
   * Ends this direction once everything is sent; the other stays open. Does nothing the second time
   * or after {@linkcode close}.
   *
   * @throws {InvalidStateError} If one direction cannot be ended alone, see
   * {@linkcode canWriteEof}, or the connection was handed over.
   */
  writeEof(): void {
    this.#flow.output.writeEof();
  }

  /** Whether this direction can be ended while the other stays open. */
  canWriteEof(): boolean {
    return this.transport.canWriteEof();
  }

  /**
   * Sends what is queued, then ends the connection. Returns at once: await {@linkcode waitClosed}.
   * It has no deadline; `StreamConnection.close` has one.
   */
  close(): void {
    this.transport.close();
  }

  /** Whether the connection is closing or closed. */
  isClosing(): boolean {
    return this.transport.isClosing();
  }

  /**
   * Waits until the connection has ended, without ending it.
   *
   * @param options A signal: when it aborts the waiting ends with its reason.
   * @throws The failure, if one ended it.
   */
  waitClosed(options: WaitOptions = NO_OPTIONS): Promise<void> {
    return this.#flow.waitClosed(signalOf("wait for end of connection", options));
  }

  /** A fact about the connection, as `Transport.getExtraInfo`. */
  getExtraInfo<K extends keyof ExtraInfo, F = null>(name: K, fallback?: F): ExtraInfoValue<K> | F {
    return this.transport.getExtraInfo(name, fallback);
  }
}

/** Ends the direction of a writer, or both where that cannot be ended alone; waits for the rest. */
export async function endWriting(writer: StreamWriter): Promise<void> {
  if (writer.canWriteEof()) writer.writeEof();
  else writer.close();
  await writer.flush();
}

/** The cause of the end of a connection, as an error. */
export function lossOf({ error }: CloseInfo): Error {
  return error ?? new ConnectionLostError();
}

/** A writer to the transport that `flow` follows, for any protocol that owns it. */
export function writerOf(flow: FlowControl): StreamWriter {
  // The constructor takes it, but does not say so: it is for this library alone.
  return new StreamWriter(flow as never);
}
