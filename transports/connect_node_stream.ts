import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import type { NetAddress } from "../protocols/facts/address.ts";
import type { AnyProtocol } from "../protocols/contract.ts";
import { InvalidStateError } from "../protocols/errors.ts";
import { check, checkOptions, type OptionTable, show } from "../protocols/option_checks.ts";
import { DuplexCarrier } from "./carriers/duplex_carrier.ts";
import { OPEN_CHECKS, openInTime, type OpenOptions } from "./carriers/open_in_time.ts";
import { checkProtocolFactory } from "./core/callbacks.ts";
import { type Connected, connectOver } from "./core/connect_carrier.ts";
import { fromNodeError } from "./core/os_error.ts";
import { TRANSPORT_CHECKS, type TransportOptions } from "./core/transport_options.ts";
import { socketFacts } from "./tls/socket_facts.ts";
import { resolveTls, TLS_OPTION_CHECKS, type TlsOption } from "./tls/tls_options.ts";
import { withTlsLayer } from "./tls/tls_stack.ts";

/** The default of `maxReadBuffer`, in bytes: as much as may wait to be sent. */
const DEFAULT_MAX_READ_BUFFER = 16_777_216;

/** Options for {@linkcode connectNodeStream}. */
export interface NodeStreamOptions extends OpenOptions, TlsOption, TransportOptions {
  /**
   * The most that may wait to be read, in bytes. A stream is paused while 64 KiB wait; one that
   * goes on although it is paused, and gives more than this, ends the connection with a
   * `ReceiveBufferFullError`.
   *
   * @default {16777216}
   */
  readonly maxReadBuffer?: number;
}

const CHECKS: OptionTable<NodeStreamOptions> = {
  ...OPEN_CHECKS,
  ...TLS_OPTION_CHECKS,
  ...TRANSPORT_CHECKS,
  maxReadBuffer: check.size(1),
};

/** A stream that may be a socket of node:net or node:tls. */
type AnyStream = Duplex & Partial<Pick<Socket, "connecting" | "remoteAddress" | "localAddress">>;

/**
 * Makes a connection over any stream of Node's that goes both ways: a socket of node:net or
 * node:tls, a channel of SSH, the socket of an HTTP upgrade, one side of `stream.duplexPair()`.
 *
 * The stream belongs to the transport. `writeEof()` ends its writable side. `close()` ends it and
 * destroys it after the peer's end or 5 s; a socket is destroyed as soon as everything has left.
 * `abort()` destroys it. A stream that closes before its end fails with
 * `Deno.errors.UnexpectedEof`, one that fails with its own error. Its `highWaterMark` counts for
 * nothing: one write is under way at a time, and it is paused while the protocol pauses.
 *
 * A socket that is still connecting is waited for, and so is its TLS handshake. Bytes that were
 * taken from the stream before, as the `head` of an upgrade, are put back with
 * `duplex.unshift(head)`. The extra info `socket` is the stream, of a socket `peername` and
 * `sockname` are known, and of a socket of node:tls `peercert` and the like.
 *
 * @example Over a socket of node:net
 * ```ts
 * import { connect } from "node:net";
 * import { connectNodeStream } from "@sluice/net/node";
 * import { startServer } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await startServer(({ writer }) => writer.write("welcome"), { port: 0 });
 * const greeting = Promise.withResolvers<string>();
 * const { transport } = await connectNodeStream(
 *   () => ({ dataReceived: (chunk) => greeting.resolve(new TextDecoder().decode(chunk)) }),
 *   connect(server.port, "127.0.0.1"),
 * );
 * assertEquals(await greeting.promise, "welcome");
 * await transport.closed;
 * ```
 *
 * @param protocolFactory Makes the protocol. If it throws, the stream is destroyed and this
 * rejects.
 * @param duplex The stream. It must carry bytes: neither objects nor text.
 * @param options Limits, layers, TLS, and the error handler.
 * @returns The transport and the protocol that the factory made.
 * @throws {TypeError} If it is not a stream of bytes that goes both ways.
 * @throws {InvalidStateError} If it is destroyed.
 * @throws {ConnectTimeoutError} If a socket takes too long to connect.
 * @throws {RangeError} If a limit is out of range.
 * @throws The reason of `signal`, or the error of a socket that cannot connect.
 */
export async function connectNodeStream<P extends AnyProtocol>(
  protocolFactory: () => P,
  duplex: Duplex,
  options: NodeStreamOptions = {},
): Promise<Connected<P>> {
  checkProtocolFactory(protocolFactory);
  checkOptions("connect node stream", options, CHECKS);
  checkDuplex(duplex);
  const { maxReadBuffer = DEFAULT_MAX_READ_BUFFER, signal } = options;
  const stacked = withTlsLayer(options, resolveTls(options, false));
  signal?.throwIfAborted();
  await untilOpen(duplex, options);
  const carrier = new DuplexCarrier(duplex, maxReadBuffer, factsOf(duplex));
  return await connectOver(protocolFactory, carrier, stacked);
}

const isDuplex = check.objectWith(
  "a Duplex, a stream of Node's that goes both ways",
  "on",
  "write",
  "end",
  "pause",
  "resume",
  "destroy",
);

function checkDuplex(duplex: Duplex): void {
  const action = "connect node stream";
  isDuplex(duplex, { action, name: "duplex" });
  if (duplex.readableObjectMode || duplex.writableObjectMode) {
    throw new TypeError(`Cannot ${action}: the duplex is in objectMode; give one of bytes`);
  }
  if (typeof duplex.readableEncoding === "string") {
    throw new TypeError(
      `Cannot ${action}: the duplex gives text, for setEncoding(${
        show(duplex.readableEncoding)
      }) ` +
        "was called; leave that out",
    );
  }
  if (!duplex.destroyed) return;
  const options = duplex.errored ? { cause: duplex.errored } : {};
  throw new InvalidStateError(`Cannot ${action}: the duplex is destroyed`, options);
}

/** Waits for a socket that is not connected yet. A stream of another kind is open. */
async function untilOpen(duplex: AnyStream, options: OpenOptions): Promise<void> {
  const event = eventToAwait(duplex);
  if (event === null) return;
  const opened = Promise.withResolvers<void>();
  const fail = (error?: Error): void => {
    opened.reject(fromNodeError(error ?? new Deno.errors.Interrupted("the socket was closed")));
  };
  const close = (): void => fail();
  duplex.once(event, opened.resolve).once("error", fail).once("close", close);
  try {
    await openInTime(opened.promise, "the other end of the socket", options);
  } catch (error) {
    // It may still emit its failure, which was told already.
    duplex.on("error", () => {}).destroy();
    throw error;
  } finally {
    duplex.off(event, opened.resolve).off("error", fail).off("close", close);
  }
}

/** The event that tells when a socket can be used; `null` if it can already. */
function eventToAwait(duplex: AnyStream): "connect" | "secureConnect" | null {
  const isSecuring = Reflect.get(duplex, "secureConnecting") === true;
  if (isSecuring && !Reflect.get(duplex, "isServer")) return "secureConnect";
  return duplex.connecting === true ? "connect" : null;
}

function factsOf(duplex: AnyStream): ReadonlyMap<string, unknown> {
  const facts = new Map<string, unknown>([["socket", duplex]]);
  const peername = addressOf(duplex, "remoteAddress", "remotePort");
  const sockname = addressOf(duplex, "localAddress", "localPort");
  if (peername !== undefined) facts.set("peername", peername);
  if (sockname !== undefined) facts.set("sockname", sockname);
  if (!isTlsSocket(duplex)) return facts;
  for (const [name, value] of socketFacts(duplex)) facts.set(name, value);
  facts.set("authorized", duplex.authorized);
  return facts.set("authorizationError", duplex.authorizationError ?? undefined);
}

function isTlsSocket(duplex: Duplex): duplex is TLSSocket {
  return "encrypted" in duplex && duplex.encrypted === true && "getPeerCertificate" in duplex &&
    "getProtocol" in duplex;
}

function addressOf(duplex: Duplex, address: string, portName: string): NetAddress | undefined {
  const hostname: unknown = Reflect.get(duplex, address);
  const port: unknown = Reflect.get(duplex, portName);
  if (typeof hostname !== "string" || typeof port !== "number") return undefined;
  return { transport: "tcp", hostname, port };
}
