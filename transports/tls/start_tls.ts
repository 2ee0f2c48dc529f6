import type { Bytes } from "../../protocols/bytes.ts";
import type { AnyProtocol, Transport } from "../../protocols/contract.ts";
import { putIn } from "../stack/live_layers.ts";
import { check, checkOptions, optionsOf, type OptionTable } from "../../protocols/option_checks.ts";
import { WAIT_CHECKS, waitSignal } from "../../protocols/waits/wait_options.ts";
import { TRANSPORT_CHECKS, type TransportOptions } from "../core/transport_options.ts";
import { TlsCarrier } from "./_tls_carrier.ts";
import { resolveTlsOptions, TLS_CHECKS, type TlsOptions } from "./tls_options.ts";

/** Options for {@linkcode startTls}: how a live connection is encrypted from now on. */
export interface StartTlsOptions extends TlsOptions {
  /**
   * Fails with `PlaintextInjectionError` if anything has been received by now that no protocol has
   * used: an attacker in between may have put it after the request to begin TLS (STARTTLS
   * injection). Call in the same turn as you write the answer to that request, as the peer may
   * speak as soon as it has that.
   *
   * @default {false}
   */
  readonly strict?: boolean;
  /**
   * Bytes that the protocol was handed and did not use: they are the start of the peer's handshake.
   */
  readonly unread?: Bytes;
  /** Ends the connection when it aborts in mid-handshake, with its reason. */
  readonly signal?: AbortSignal;
  /**
   * Ends the connection if it is not encrypted after so many milliseconds, with a `TimeoutError`.
   * The handshake alone has `handshakeTimeout`.
   *
   * @default {Infinity}
   */
  readonly timeout?: number;
  /** Limits of the write buffer of the new transport, as of every one. */
  readonly transport?: TransportOptions;
}

const CHECKS: OptionTable<StartTlsOptions> = {
  ...TLS_CHECKS,
  strict: check.flag,
  unread: check.bytes,
  ...WAIT_CHECKS,
  transport: optionsOf(TRANSPORT_CHECKS),
};

/**
 * Encrypts a live connection, of any kind, from now on: asyncio's `start_tls`. A client by default;
 * a server with `serverSide`.
 *
 * Bytes written before go out in the clear. Bytes received and not delivered go into the handshake.
 * The protocol gets no second `connectionMade`: it writes to the transport that is returned. Its
 * writes to the other one during the handshake wait, and go out encrypted; if the handshake fails,
 * they are not sent. If it pauses reading meanwhile, the returned transport is paused. Do not await
 * this inside `dataReceived`: the handshake would wait for it.
 *
 * @example An upgrade in mid-stream
 * ```ts
 * import { memoryTransportPair, startTls } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const read = (name: string) => Deno.readTextFile(`examples/certificates/${name}`);
 * // Read before either end begins: what a peer sends early would go to the protocol in the clear.
 * const caCerts = [await read("ca.crt")];
 * const identity = { cert: await read("localhost.crt"), key: await read("localhost.key") };
 * const received = Promise.withResolvers<string>();
 * const receiver = { dataReceived: (chunk: Uint8Array) => received.resolve(new TextDecoder().decode(chunk)) };
 * const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
 * const [client] = await Promise.all([
 *   startTls(a.transport, a.protocol, { caCerts, serverName: "localhost" }),
 *   startTls(b.transport, receiver, { serverSide: true, ...identity }),
 * ]);
 * client.write("secret");
 * assertEquals(await received.promise, "secret");
 * client.close();
 * await client.closed;
 * ```
 *
 * @param transport The live transport.
 * @param protocol Receives the decrypted data.
 * @param options How to encrypt.
 * @returns The encrypted transport, after the handshake.
 * @throws {TypeError} If something is missing: a server's certificate, a client's `serverName`; the
 * connection goes on in the clear.
 * @throws The reason of the signal, if that aborts, or a {@linkcode TimeoutError}. The connection
 * is ended then, unless the signal had aborted before.
 * @throws {TlsHandshakeError} If the handshake fails, {@linkcode HandshakeTimeoutError} if it takes
 * too long, {@linkcode PlaintextInjectionError} as `strict` says. The connection is ended then, and
 * `connectionLost` called.
 */
export async function startTls(
  transport: Transport,
  protocol: AnyProtocol,
  options: StartTlsOptions,
): Promise<Transport> {
  checkOptions("start TLS", options, CHECKS);
  const {
    strict = false,
    unread,
    signal: _signal,
    timeout: _timeout,
    transport: layerOptions,
    ...tls
  } = options;
  const signal = waitSignal("start TLS", options);
  if (tls.engine === "native") {
    throw new TypeError("Cannot start TLS: the native engine does not know live connections");
  }
  const resolved = resolveTlsOptions(tls, false);
  signal?.throwIfAborted();
  transport.setProtocol(protocol);
  transport.resumeReading();
  return await putIn(
    transport,
    (upper, options) => new TlsCarrier(resolved, upper, options, strict),
    { ...layerOptions, ...(unread && { unread }) },
    signal,
  );
}
