import { type Codec, type EncodedMessage, NEED_MORE } from "../../protocols/framing/codec.ts";
import type { Address } from "../../protocols/facts/address.ts";
import type {
  Datagram,
  DatagramCloseInfo,
  DatagramDestination,
} from "../../protocols/datagram_contract.ts";
import { piecesOf } from "../../protocols/framing/encoded_message.ts";
import { FrameReader } from "../../protocols/framing/frame_reader.ts";
import { copyOf, joinBytes } from "../../protocols/bytes.ts";
import { toPieces } from "../../transports/core/write/to_bytes.ts";
import { toError } from "../../protocols/thrown.ts";
import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import { tellBadMessages } from "../framing/bad_messages.ts";
import { type DatagramSocket, receiveFrom } from "./datagram_socket.ts";
import { NO_OPTIONS, signalOf, type WaitOptions } from "../../protocols/waits/wait_options.ts";

/** A message, and the address of the other end. */
export interface AddressedMessage<T> {
  /** The message. */
  readonly message: T;
  /** The address of the sender. */
  readonly address: Address;
}

/** Options for {@linkcode framedDatagrams}. */
export interface FramedDatagramsOptions {
  /**
   * Gets the error of a datagram that is malformed or ends inside a message. It is skipped and
   * counted.
   */
  readonly onBadMessage?: (error: Error, address: Address) => unknown;
}

const CHECKS: OptionTable<FramedDatagramsOptions> = {
  onBadMessage: check.functionLike("(error, address) => …"),
};

/**
 * A socket of messages: made by {@linkcode framedDatagrams}.
 *
 * @typeParam In What is received.
 * @typeParam Out What is sent; by default the same.
 */
export class FramedDatagrams<In, Out = In> implements AsyncDisposable {
  /** The socket for the datagrams. */
  readonly socket: DatagramSocket;
  readonly #makeCodec: () => Codec<In, Out>;
  readonly #onBadMessage: ((error: Error, address: Address) => void) | undefined;
  readonly #messages: AddressedMessage<In>[] = [];
  #badMessages = 0;

  /** Takes the socket, see {@linkcode framedDatagrams}. */
  constructor(
    socket: DatagramSocket,
    makeCodec: () => Codec<In, Out>,
    options: FramedDatagramsOptions = {},
  ) {
    if (typeof makeCodec !== "function") {
      throw new TypeError(
        "Cannot frame datagrams: a function that makes a codec is needed, such as () => lineCodec()",
      );
    }
    checkOptions("frame datagrams", options, CHECKS);
    this.socket = socket;
    this.#makeCodec = makeCodec;
    // A rejection ends the socket, and receiving fails with it.
    this.#onBadMessage = tellBadMessages(
      options.onBadMessage,
      (thrown) => socket.transport.abort(toError(thrown)),
    );
  }

  /** How many datagrams were malformed, as a whole or at their end. */
  get badMessages(): number {
    return this.#badMessages;
  }

  /**
   * Receives the next message; those of one datagram follow each other.
   *
   * @param options A signal, or a timeout: a call that it ended has taken nothing.
   * @returns The message and where it came from; `undefined` once the socket is closed.
   * @throws What `makeCodec` or `onBadMessage` throws. The next call goes on.
   */
  async receive(options: WaitOptions = NO_OPTIONS): Promise<AddressedMessage<In> | undefined> {
    const signal = signalOf("receive message", options);
    signal?.throwIfAborted();
    while (this.#messages.length === 0) {
      const datagram = await receiveFrom(this.socket, signal);
      if (datagram === undefined) return undefined;
      this.#decode(datagram);
    }
    return this.#messages.shift();
  }

  /**
   * The messages until the socket is closed.
   *
   * @param options A signal, and a timeout for each message.
   */
  async *messages(
    options: WaitOptions = NO_OPTIONS,
  ): AsyncGenerator<AddressedMessage<In>, void, void> {
    for (;;) {
      const message = await this.receive(options);
      if (message === undefined) return;
      yield message;
    }
  }

  /** {@linkcode messages} without options. */
  [Symbol.asyncIterator](): AsyncGenerator<AddressedMessage<In>, void, void> {
    return this.messages();
  }

  /**
   * Sends a message as one datagram.
   *
   * @param message What the codec makes bytes of.
   * @param address Where it goes; not needed by a connected socket.
   * @param options A signal or a timeout, as of `DatagramSocket.send`.
   * @throws {FrameError} If the codec cannot encode it; nothing is sent then.
   * @throws As `DatagramSocket.send`.
   */
  send(message: Out, address?: DatagramDestination | null, options?: WaitOptions): Promise<void> {
    try {
      return this.socket.send(toDatagram(this.#makeCodec().encode(message)), address, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Closes the socket, as `DatagramSocket.close`. */
  close(): Promise<DatagramCloseInfo> {
    return this.socket.close();
  }

  /** {@linkcode close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #decode({ data, address }: Datagram): void {
    // A codec of its own: nothing that one datagram leaves can reach the next.
    const frames = new FrameReader<In>(this.#makeCodec());
    frames.feedData(data);
    frames.feedEof();
    try {
      for (;;) {
        const message = frames.next();
        if (message === NEED_MORE) break;
        this.#messages.push({ message, address });
      }
    } catch (error) {
      this.#badMessages++;
      this.#onBadMessage?.(toError(error), address);
    }
  }
}

/**
 * Makes a socket of messages of a socket of datagrams. A message does not go over the end of its
 * datagram, one datagram may hold several.
 *
 * @example Lines
 * ```ts
 * import { lineCodec } from "@sluice/net";
 * import { framedDatagrams, openDatagrams } from "@sluice/net/streams";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = framedDatagrams(
 *   await openDatagrams({ localAddr: { port: 0 } }),
 *   () => lineCodec(),
 * );
 * await using client = await openDatagrams({ remoteAddr: { port: server.socket.port } });
 * await client.send("one\ntwo\n");
 * assertEquals((await server.receive())?.message, "one");
 * assertEquals((await server.receive())?.message, "two");
 * ```
 *
 * @typeParam In What is received.
 * @typeParam Out What is sent; by default the same.
 * @param socket The datagrams; it is received from here alone from now on.
 * @param makeCodec Makes a codec; each datagram gets its own.
 * @param options What to do with bad datagrams.
 * @returns The socket of messages.
 * @throws {TypeError} If `makeCodec` is no function.
 */
export function framedDatagrams<In, Out = In>(
  socket: DatagramSocket,
  makeCodec: () => Codec<In, Out>,
  options: FramedDatagramsOptions = {},
): FramedDatagrams<In, Out> {
  return new FramedDatagrams(socket, makeCodec, options);
}

function toDatagram(encoded: EncodedMessage): Uint8Array {
  const pieces = toPieces(piecesOf(encoded));
  const [first = new Uint8Array(0)] = pieces;
  return pieces.length < 2 ? first : joinBytes(pieces.map((piece) => copyOf(piece)));
}
