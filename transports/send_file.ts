import { type Bytes, copyOf } from "../protocols/bytes.ts";
import type { Transport } from "../protocols/contract.ts";
import { ConnectionLostError, IncompleteSendError } from "../protocols/errors.ts";
import { check, checkOptions, type OptionTable, show } from "../protocols/option_checks.ts";
import { turnBudget } from "../protocols/waits/turn_budget.ts";
import { WAIT_CHECKS, type WaitOptions, waitSignal } from "../protocols/waits/wait_options.ts";
import type { WaitQueue } from "../protocols/waits/wait_queue.ts";
import { abortable, type WaitSignal } from "../protocols/waits/wait_signal.ts";
import { connectionOf } from "./core/carrier_transport.ts";
import type { Connection } from "./core/connection.ts";
import { Pause } from "./core/clock.ts";
import { ExclusiveGate } from "./core/write/write_gate.ts";
import { slotOf } from "./core/stack_slot.ts";
import { type CarrierFile, systemCarrier } from "./core/system/system_carrier.ts";
import { sentQueueOf, writeFailureOf, writeSystemBytes } from "./core/write/writing.ts";
import { gatedTransport } from "./stack/live_layers.ts";

/** How much of a file the system has to send by itself at a time, in bytes. */
const PART_SIZE = 262_144;
/** The size of a read, in bytes. */
const CHUNK_SIZE = 65_536;
/** So many pieces may be queued while the next one is read. */
const MAX_QUEUED = 3;
/** How often a transport is asked that does not tell what is sent, in milliseconds. */
const ASK_AGAIN_MS = 5;

/** Options for {@linkcode sendFile}. */
export interface SendFileOptions extends WaitOptions {
  /**
   * Where the range begins, in bytes from the start of the file.
   *
   * @default {0}
   */
  readonly offset?: number;
  /** How many bytes to send; by default all up to the end of the file at the time of the call. */
  readonly count?: number;
  /** Called after each piece with the number of bytes handed over for sending so far. */
  readonly onProgress?: (sent: number) => unknown;
}

const CHECKS: OptionTable<SendFileOptions> = {
  ...WAIT_CHECKS,
  offset: check.wholeNumber(0),
  count: check.wholeNumber(0),
  onProgress: check.functionLike("(sent) => …"),
};

/** A file to send: its path, or the file itself. */
export type SendableFile = string | URL | Deno.FsFile;

/**
 * Waits until a transport has sent the bytes that a queue of its own is for; `null` if it has, and
 * the wait only looks whether the call is to go on.
 */
type UntilSent = (queue: WaitQueue | null, signal: WaitSignal | undefined) => Promise<void>;

/**
 * Sends a file, or a range of it, no faster than the peer takes it: asyncio's `loop.sendfile`. What
 * was written before goes first. Until the promise settles, other writes to the transport throw an
 * `InvalidStateError`.
 *
 * A signal or a timeout ends it; the bytes that were handed over until then are still sent. Needs
 * `--allow-read` for a path.
 *
 * On a connection of `epollNetwork` without layers the system sends a file that is named by its
 * path (sendfile(2)): the bytes do not come to JavaScript. They are those that the file has when
 * the system sends them, so write a new version beside it and rename it.
 *
 * @example A part of a file
 * ```ts
 * import { createConnection, sendFile, startServer } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile();
 * await Deno.writeTextFile(path, "hello, file");
 * const received = Promise.withResolvers<string>();
 * await using server = await startServer(async ({ reader }) => {
 *   received.resolve(new TextDecoder().decode(await reader.read()));
 * }, { port: 0 });
 *
 * const { transport } = await createConnection(() => ({}), { port: server.port });
 * assertEquals(await sendFile(transport, path, { offset: 7 }), 4);
 * transport.close();
 * assertEquals(await received.promise, "file");
 * await Deno.remove(path);
 * ```
 *
 * @param transport Where it goes.
 * @param file A path, or an open file, which stays open; its position is moved.
 * @param options The range, a signal, a timeout, and a callback for the progress.
 * @returns How many bytes were sent, once the system has taken them over.
 * @throws {TypeError} If it is a folder, or anything else but a file.
 * @throws {RangeError} If the range is beyond the end of the file; nothing is sent then.
 * @throws {IncompleteSendError} If the file becomes shorter meanwhile.
 * @throws {ConnectionLostError} If the connection ends meanwhile; or the failure that ended it.
 * @throws {InvalidStateError} If another file is being sent, or a layer inserted.
 */
export function sendFile(
  transport: Transport,
  file: SendableFile,
  options: SendFileOptions = {},
): Promise<number> {
  return sendFileBy(transport, file, options, async (queue, signal) => await queue?.wait(signal));
}

/** As {@linkcode sendFile}, with a way to wait of one's own. */
export async function sendFileBy(
  transport: Transport,
  file: SendableFile,
  options: SendFileOptions,
  untilSent: UntilSent,
): Promise<number> {
  checkOptions("send file", options, CHECKS);
  if (!(typeof file === "string" || file instanceof URL || file instanceof Deno.FsFile)) {
    throw new TypeError(`Cannot send file: ${show(file)} is neither a path nor an open file`);
  }
  return await new SendFile(transport, file, options, untilSent).run();
}

/** The part of a file that is to be sent. */
interface FileRange {
  readonly offset: number;
  readonly count: number;
}

/** One file on its way. */
class SendFile {
  readonly #transport: Transport;
  readonly #gate = new ExclusiveGate("a file is being sent");
  readonly #file: SendableFile;
  readonly #options: SendFileOptions;
  readonly #signal: WaitSignal | undefined;
  readonly #untilSent: UntilSent;
  #range: FileRange | null = null;
  // How many of its bytes are sent.
  #sent = 0;

  constructor(
    transport: Transport,
    file: SendableFile,
    options: SendFileOptions,
    untilSent: UntilSent,
  ) {
    this.#transport = transport;
    this.#file = file;
    this.#options = options;
    this.#signal = waitSignal("send file", options);
    this.#untilSent = untilSent;
  }

  /** Opens the file unless it is, and sends what is asked for of it; gives how much that is. */
  async run(): Promise<number> {
    this.#signal?.throwIfAborted();
    // At once: what is written while the file is being opened would come before it.
    const slot = slotOf(gatedTransport(this.#transport));
    slot.close(this.#gate);
    try {
      const file = this.#file;
      if (file instanceof Deno.FsFile) await this.#sendRead(file);
      else if (!await this.#sendBySystem(file)) {
        using opened = await Deno.open(file);
        await this.#sendRead(opened);
      }
    } finally {
      slot.open(this.#gate);
    }
    return this.#sent;
  }

  /** Reads what is not sent yet, and sends it. */
  async #sendRead(file: Deno.FsFile): Promise<void> {
    const { offset, count } = this.#range ??= await this.#rangeOf(file);
    await file.seek(offset + this.#sent, Deno.SeekMode.Start);
    await this.#checkOpen();
    // The waits for the pieces that are queued, the oldest one first.
    const queued: Promise<void>[] = [];
    while (this.#sent < count) {
      const chunk = await this.#read(file, Math.min(CHUNK_SIZE, count - this.#sent));
      if (chunk === null) break;
      // It has no length any more when it is given away.
      const { length } = chunk;
      this.#gate.pass(() => this.#transport.write(chunk, { transfer: true }));
      queued.push(this.#whenSent());
      this.#advance(length);
      if (queued.length === MAX_QUEUED) await queued.shift();
    }
    await Promise.all(queued);
    await this.#checkOpen();
    if (this.#sent < count) throw this.#incomplete(count);
  }

  /** Has the system send the file if it can; gives whether all is sent: the rest is to be read. */
  async #sendBySystem(path: string | URL): Promise<boolean> {
    const connection = connectionOf(this.#transport);
    if (connection === null) return false;
    const file = await systemCarrier(connection.carrier)?.openFile(path) ?? null;
    if (file === null) return false;
    try {
      this.#range = await this.#rangeOf(file);
      return await this.#sendParts(connection, file, this.#range);
    } finally {
      file.close();
    }
  }

  async #sendParts(
    connection: Connection,
    file: CarrierFile,
    { offset, count }: FileRange,
  ): Promise<boolean> {
    await this.#checkOpen();
    while (this.#sent < count) {
      this.#signal?.throwIfAborted();
      const part = file.part(offset + this.#sent);
      const size = Math.min(PART_SIZE, count - this.#sent);
      this.#gate.pass(() => writeSystemBytes(connection, part, size));
      await this.#whenSent();
      await this.#checkOpen();
      this.#advance(part.sent);
      if (part.failure === "unable") return false;
      if (part.sent < size) throw part.failure ?? this.#incomplete(count);
      // A peer that takes everything at once must not hold up the others.
      if (turnBudget.spend()) await turnBudget.untilRenewed(this.#signal);
    }
    return true;
  }

  #advance(size: number): void {
    this.#sent += size;
    if (size > 0) this.#options.onProgress?.(this.#sent);
  }

  #incomplete(count: number): Error {
    return new IncompleteSendError(this.#name, this.#sent, count);
  }

  get #name(): string {
    return this.#file instanceof Deno.FsFile ? "the file" : String(this.#file);
  }

  async #rangeOf(file: Pick<CarrierFile, "stat">): Promise<FileRange> {
    const { offset = 0, count } = this.#options;
    const { isFile, isDirectory, size } = await file.stat();
    if (!isFile) {
      const kind = isDirectory ? "a folder" : "no regular file; pipe its readable instead";
      throw new TypeError(`Cannot send ${this.#name}: it is ${kind}`);
    }
    if (offset + (count ?? 0) > size) {
      const range = count === undefined ? `offset ${offset}` : `offset ${offset} + count ${count}`;
      throw new RangeError(`Cannot send ${this.#name}: ${range} is beyond its ${size} bytes`);
    }
    return { offset, count: count ?? size - offset };
  }

  async #read(file: Deno.FsFile, size: number): Promise<Bytes | null> {
    const buffer = new Uint8Array(size);
    const n = await file.read(buffer);
    this.#signal?.throwIfAborted();
    await this.#checkOpen();
    return n === null ? null : n === size ? buffer : copyOf(buffer, 0, n);
  }

  /** Waits until the bytes that are queued now are sent. */
  #whenSent(): Promise<void> {
    const queue = sentQueueOf(this.#transport);
    const sent = queue === undefined ? this.#isEmpty() : this.#untilSent(queue, this.#signal);
    // It may be awaited later than it fails.
    sent.catch(() => {});
    return sent;
  }

  /** For a transport that does not tell how much is sent. */
  async #isEmpty(): Promise<void> {
    while (this.#transport.getWriteBufferSize() > 0 && !this.#transport.isClosing()) {
      await abortable(new Pause().wait(ASK_AGAIN_MS), this.#signal);
    }
  }

  async #checkOpen(): Promise<void> {
    const failure = writeFailureOf(this.#transport);
    if (failure !== null) throw failure;
    if (!this.#transport.isClosing()) return;
    // Its end may be far away, if the peer takes nothing.
    const { error } = await abortable(this.#transport.closed, this.#signal);
    throw error ?? new ConnectionLostError("Cannot send file: the connection is closed");
  }
}
