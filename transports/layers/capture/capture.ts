import { ObservingLayer } from "../_observing_layer.ts";
import type { Address } from "../../../protocols/facts/address.ts";
import type { Bytes } from "../../../protocols/bytes.ts";
import type { AbortOptions, AnyProtocol, Transport } from "../../../protocols/contract.ts";
import { formatAddress } from "../../core/addresses.ts";
import { type ErrorHandler, report, toError } from "../../core/error_report.ts";
import { check, checkOptions, type OptionTable } from "../../../protocols/option_checks.ts";
import type { LayerFactory, TransportOptions } from "../../core/transport_options.ts";
import { CapturedConversation } from "./_captured_conversation.ts";
import { type IpEnd, parseIpv4, parseIpv6 } from "../../core/ip_address.ts";
import { PcapngWriter } from "./pcapng_writer.ts";
import { type CaptureSink, checkSink, toWriter } from "./capture_sink.ts";

/** The default of `maxBuffer`, in bytes. */
const DEFAULT_MAX_CAPTURE_BUFFER = 67_108_864;
/** The first of the ports that systems give to clients. */
const FIRST_CLIENT_PORT = 49_152;
/** The port shown for a server without one, which no dissector claims. */
const SERVER_PORT = 40_000;

/** Options for a {@linkcode Capture}. */
export interface CaptureOptions {
  /**
   * How many bytes may wait for the sink. Beyond that packets are dropped: see `Capture.dropped`.
   *
   * @default {67108864}
   */
  readonly maxBuffer?: number;
  /**
   * Which end opened the connections. By default the one with the higher port, as a rule the
   * client, counts as that.
   */
  readonly initiator?: "local" | "peer";
  /** The sequence number that both directions begin with, 0 to 2^32 - 1; by default random ones. */
  readonly initialSequence?: number;
  /**
   * Called once when the sink fails, and once when packets are dropped; prints to the console by
   * default.
   */
  readonly onError?: ErrorHandler;
}

const CHECKS: OptionTable<CaptureOptions> = {
  maxBuffer: check.size(),
  initiator: check.oneOf("local", "peer"),
  initialSequence: check.wholeNumber(0, 2 ** 32 - 1),
  onError: check.functionLike("(error, context) => …"),
};

/**
 * Writes what goes over connections into a **pcapng** file, which Wireshark and tshark open:
 * "Follow TCP stream" shows the conversation. Put its layer above TLS to have clear text.
 *
 * The packets are made up, for the layer sees bytes and no packets: a handshake, one packet for
 * each chunk received and for each piece written (several if it is longer than 65,000 bytes), at
 * the time when it passes, an end. Addresses and ports are those of the connection, as in
 * `peername` and `sockname`; where there are none, as for Unix sockets, loopback addresses are made
 * up and the first packet has a comment with the names. Written bytes count as sent, even if the
 * connection breaks before.
 *
 * Packets longer than networks carry, over 9,000 bytes, have no checksum and are marked so, as
 * those of a real loopback device; a program that insists on checksums (Wireshark does not by
 * default) reports these.
 *
 * It never breaks or slows a connection: bytes are copied, and if the sink fails, or does not keep
 * up, the capture suffers, and `onError` is told once. A path needs `--allow-write`; an existing
 * file is overwritten.
 *
 * @example Capturing a connection
 * ```ts
 * import { memoryTransportPair } from "@sluice/net";
 * import { Capture } from "@sluice/net/layers";
 * import { readCapture } from "@sluice/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const pieces: Uint8Array<ArrayBuffer>[] = [];
 * const capture = new Capture((bytes) => pieces.push(bytes));
 * const [a, b] = await memoryTransportPair(() => ({}), () => ({}), { layers: [capture.layer] });
 * a.transport.write("hello");
 * a.transport.close();
 * await Promise.all([a.transport.closed, b.transport.closed]);
 * await capture.close();
 * const [sent, received] = readCapture(await new Blob(pieces).bytes());
 * assertEquals(sent?.chunks.map(({ direction }) => direction), ["sent"]);
 * assertEquals(received?.chunks.map(({ direction }) => direction), ["received"]);
 * ```
 */
export class Capture implements AsyncDisposable {
  /** Captures one connection after the other: an element of `layers`. */
  readonly layer: LayerFactory = (upper, options) =>
    new CaptureLayer(upper, options, (transport) => this.#open(transport));
  readonly #writer: PcapngWriter;
  readonly #options: CaptureOptions;
  #madeUp = 0;

  /**
   * Begins a capture.
   *
   * @param sink Where it goes. A stream is locked, and closed at the end.
   * @param options Limits, and a callback for failures.
   * @throws {RangeError} If a limit is out of range.
   */
  constructor(sink: CaptureSink, options: CaptureOptions = {}) {
    checkOptions("capture", options, CHECKS);
    checkSink(sink);
    const { maxBuffer = DEFAULT_MAX_CAPTURE_BUFFER, onError } = options;
    this.#options = options;
    this.#writer = new PcapngWriter(toWriter(sink), maxBuffer, (error) => {
      report(onError, toError(error), { callback: "capture", transport: null });
    });
  }

  /** How many packets are missing in the capture, because the sink did not keep up. */
  get dropped(): number {
    return this.#writer.dropped;
  }

  /** Waits until the sink has taken everything that was captured so far, or has failed. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /**
   * Ends the capture and closes the sink. Connections go on uncaptured. Never rejects: `onError` is
   * told of a failure.
   */
  close(): Promise<void> {
    return this.#writer.close();
  }

  /** {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #open(transport: Transport): CapturedConversation {
    const local = transport.getExtraInfo("sockname");
    const peer = transport.getExtraInfo("peername");
    const ends = endsOf(local, peer) ?? this.#makeUpEnds(peer);
    const initiator = this.#options.initiator ??
      (ends.local.port > ends.peer.port ? "local" : "peer");
    const conversation = new CapturedConversation(
      this.#writer,
      { ...ends.local, sequence: this.#firstSequence() },
      { ...ends.peer, sequence: this.#firstSequence() },
    );
    const name = (address: Address | null) => address === null ? "?" : formatAddress(address);
    const comment = ends.isMadeUp ? `${name(local)} <-> ${name(peer)}` : undefined;
    conversation.open(initiator, comment);
    return conversation;
  }

  #firstSequence(): number {
    return (this.#options.initialSequence ?? Math.random() * 2 ** 32) >>> 0;
  }

  #makeUpEnds(peer: Address | null): Ends {
    const number = this.#madeUp++;
    const count = 65_536 - FIRST_CLIENT_PORT;
    const client = {
      ip: Uint8Array.of(127, 0, 1 + Math.floor(number / count) % 255, 1),
      port: FIRST_CLIENT_PORT + number % count,
    };
    const server = { ip: Uint8Array.of(127, 0, 0, 1), port: SERVER_PORT };
    // A Unix client has no path of its own.
    const isServer = peer !== null && "path" in peer && peer.path === "";
    return isServer
      ? { local: server, peer: client, isMadeUp: true }
      : { local: client, peer: server, isMadeUp: true };
  }
}

interface Ends {
  readonly local: IpEnd;
  readonly peer: IpEnd;
  readonly isMadeUp: boolean;
}

/** Both ends, if they have addresses of the same kind. */
function endsOf(local: Address | null, peer: Address | null): Ends | null {
  const [from, to] = [endOf(local), endOf(peer)];
  if (from === null || to === null || from.ip.length !== to.ip.length) return null;
  return { local: from, peer: to, isMadeUp: false };
}

function endOf(address: Address | null): IpEnd | null {
  if (address === null || !("port" in address)) return null;
  // An address of this machine may end with the name of its interface.
  const [hostname = ""] = address.hostname.split("%");
  const ip = parseIpv4(hostname) ?? parseIpv6(hostname);
  return ip === null ? null : { ip, port: address.port };
}

/** Passes everything on, and tells the capture. */
class CaptureLayer extends ObservingLayer {
  readonly #open: (transport: Transport) => CapturedConversation;
  #conversation: CapturedConversation | null = null;
  #isAborted = false;

  constructor(
    upper: AnyProtocol,
    options: TransportOptions,
    open: (transport: Transport) => CapturedConversation,
  ) {
    super(upper, options);
    this.#open = open;
  }

  override connectionMade(inner: Transport): void {
    this.#conversation = this.#open(inner);
    super.connectionMade(inner);
  }

  override dataReceived(chunk: Bytes): void | Promise<void> {
    if (!this.isClosing()) this.#conversation?.data("peer", chunk);
    return super.dataReceived(chunk);
  }

  override eofReceived(): boolean | void {
    this.#conversation?.end("peer");
    return super.eofReceived();
  }

  protected override onWrite(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#conversation?.data("local", piece);
  }

  override writeEof(): void {
    super.writeEof();
    if (!this.isClosing()) this.#conversation?.end("local");
  }

  override abort(reason?: Error | AbortOptions): void {
    super.abort(reason);
    this.#isAborted = true;
  }

  override connectionLost(error: Error | null): void {
    if (error === null && !this.#isAborted) this.#conversation?.close();
    else this.#conversation?.reset(this.#isAborted || !isReset(error) ? "local" : "peer");
    super.connectionLost(error);
  }

  override remove(): Transport {
    this.#conversation?.close();
    return super.remove();
  }
}

function isReset(error: Error | null): boolean {
  return error instanceof Deno.errors.ConnectionReset;
}
