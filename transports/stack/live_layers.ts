import type { Bytes } from "../../protocols/bytes.ts";
import type { Transport } from "../../protocols/contract.ts";
import { ConnectionLostError, InvalidStateError } from "../../protocols/errors.ts";
import { connectionOf } from "../core/carrier_transport.ts";
import { checkMade } from "../core/callbacks.ts";
import { type ErrorHandler, toError } from "../core/error_report.ts";
import { slotOf } from "../core/stack_slot.ts";
import { Layer } from "./layer.ts";
import { isWritingEnded } from "../core/write/writing.ts";
import { Insertion } from "./_insertion.ts";
import { TransformTop } from "./_transform_top.ts";
import { TransportWrapper } from "../core/transport_wrapper.ts";
import { check, checkOptions, type OptionTable, show } from "../../protocols/option_checks.ts";
import { WAIT_CHECKS, type WaitOptions, waitSignal } from "../../protocols/waits/wait_options.ts";
import { abortable, onAbort, type WaitSignal } from "../../protocols/waits/wait_signal.ts";
import {
  type LayerFactory,
  TRANSPORT_CHECKS,
  type TransportOptions,
} from "../core/transport_options.ts";

/** Options for {@linkcode insertLayer}. */
export interface InsertLayerOptions extends TransportOptions {
  /** Bytes that the protocol was handed and that belong to the layer: it gets them first. */
  readonly unread?: Bytes;
  /** Ends the connection when it aborts before the layer is ready, with its reason. */
  readonly signal?: AbortSignal;
  /**
   * Ends the connection if the layer is not ready after so many milliseconds, with a
   * `TimeoutError`.
   *
   * @default {Infinity}
   */
  readonly timeout?: number;
}

/** Options for {@linkcode removeLayer}. */
export interface RemoveLayerOptions {
  /** Ends the waiting when it aborts, with its reason. The layer is taken out all the same. */
  readonly signal?: AbortSignal;
  /**
   * Ends the waiting after so many milliseconds, with a `TimeoutError`, in the same way.
   *
   * @default {Infinity}
   */
  readonly timeout?: number;
}

const CHECKS: OptionTable<InsertLayerOptions> = {
  ...TRANSPORT_CHECKS,
  ...WAIT_CHECKS,
  unread: check.bytes,
};
const REMOVAL_CHECKS: OptionTable<RemoveLayerOptions> = WAIT_CHECKS;

/**
 * Puts a layer into a live connection, between a transport and its protocol. Bytes that the
 * transport has received and not delivered go through the layer. Bytes written before go out
 * unchanged.
 *
 * The protocol has to write to the transport that is returned from now on. Writes to the other one
 * before this resolves are held back until the layer is ready, and then go through the layer; a
 * writer is paused meanwhile. If reading is paused meanwhile, the returned transport is paused. A
 * protocol that is a layer itself does so by itself. The first byte comes through the layer a turn
 * of the event loop after the transport, so that an answer goes the same way. A protocol should not
 * await this inside `dataReceived`: a layer that waits for data would never get it.
 *
 * @example Compressing from here on
 * ```ts
 * import { memoryTransportPair, Protocol } from "@sluice/net";
 * import { insertLayer, Layer } from "@sluice/net/layers";
 * import { assertStrictEquals } from "@std/assert";
 *
 * const [a] = await memoryTransportPair(() => new Protocol(), () => new Protocol());
 * const top = await insertLayer(a.transport, (upper, options) => new Layer(upper, options));
 * assertStrictEquals(top.getProtocol(), a.protocol);
 * top.close();
 * await top.closed;
 * ```
 *
 * @param transport The live transport.
 * @param layer Makes the layer.
 * @param options What the layer is told of the connection: its limits and error handler; and unread
 * bytes.
 * @returns The transport on top of the layer, once the layer is ready.
 * @throws {ConnectionLostError} If the connection is closing, or lost before the layer is ready; or
 * the failure that ended it.
 * @throws {InvalidStateError} If `writeEof()` was called, or another layer is being put in.
 * @throws What the layer's `connectionMade` throws; the connection is ended then.
 */
export async function insertLayer(
  transport: Transport,
  layer: LayerFactory,
  options: InsertLayerOptions = {},
): Promise<Transport> {
  if (typeof layer !== "function") {
    throw new TypeError(
      `Cannot insert layer: ${show(layer)} is not a layer; give one such as counters()`,
    );
  }
  checkOptions("insert layer", options, CHECKS);
  const { signal: _signal, timeout: _timeout, ...given } = options;
  return await putIn(transport, layer, given, waitSignal("insert layer", options));
}

/** As {@linkcode insertLayer}, of options that were checked. The signal may know of a timeout. */
export async function putIn(
  transport: Transport,
  layer: LayerFactory,
  { unread, ...given }: Omit<InsertLayerOptions, keyof WaitOptions>,
  signal: WaitSignal | undefined,
): Promise<Transport> {
  if (transport.isClosing()) {
    throw new ConnectionLostError("Cannot insert layer: the connection is closing");
  }
  if (isWritingEnded(transport)) {
    throw new InvalidStateError("Cannot insert layer: writeEof() was called");
  }
  signal?.throwIfAborted();
  const onError = given.onError ?? errorHandlerOf(transport);
  const insertion = new Insertion(transport, slotOf(gatedTransport(transport)), onError);
  const stop = onAbort(signal, () => transport.abort(toError(signal?.reason)));
  try {
    const lowerOptions = onError === undefined ? given : { ...given, onError };
    const lower = checkMade(layer(insertion, lowerOptions), "the layer");
    const top = await insertion.comeUp(lower, unread);
    // Two microtasks: this function returns, then its caller. Then the program has the transport.
    queueMicrotask(() => queueMicrotask(() => insertion.leave()));
    return top;
  } catch (error) {
    insertion.leave();
    signal?.throwIfAborted();
    throw error;
  } finally {
    stop();
  }
}

/**
 * Takes a layer out of a live connection, the reverse of {@linkcode insertLayer}: what was written
 * is sent through it, what it has received is delivered, and what follows goes past it.
 *
 * A protocol above should not await this inside `dataReceived`: the bytes after it wait for that.
 * A layer that changes bytes waits until the other end has taken the bytes written before, so two
 * ends that pause reading until their removals are done wait for each other.
 *
 * @example For the length of a secret
 * ```ts
 * import { memoryTransportPair } from "@sluice/net";
 * import { insertLayer, removeLayer, transformLayer } from "@sluice/net/layers";
 * import { assertStrictEquals } from "@std/assert";
 *
 * const [{ transport }] = await memoryTransportPair(() => ({}), () => ({}));
 * const invert = (chunk: Uint8Array<ArrayBuffer>) => chunk.map((byte) => ~byte);
 * const top = await insertLayer(transport, transformLayer(() => ({ encode: invert, decode: invert })));
 * top.write("hidden");
 * assertStrictEquals(await removeLayer(top), transport);
 * transport.write("open");
 * transport.close();
 * await transport.closed;
 * ```
 *
 * @param transport The transport on top of the layer. It forwards to the one below from then on.
 * @param options A signal, or a timeout.
 * @returns The transport below the layer, which drives the protocol now.
 * @throws {TypeError} If there is no layer right below.
 * @throws {ConnectionLostError} If the connection is closing, or lost before the layer is out.
 * @throws {InvalidStateError} If a layer that changes bytes is being removed already, the peer has
 * ended its direction, or `writeEof()` was called.
 */
export async function removeLayer(
  transport: Transport,
  options: RemoveLayerOptions = {},
): Promise<Transport> {
  checkOptions("remove layer", options, REMOVAL_CHECKS);
  const signal = waitSignal("remove layer", options);
  signal?.throwIfAborted();
  if (transport instanceof TransformTop) return await abortable(transport.removal.run(), signal);
  if (!(transport instanceof Layer)) {
    throw new TypeError("Cannot remove layer: the transport has none");
  }
  if (transport.isClosing()) {
    throw new ConnectionLostError("Cannot remove layer: the connection is closing");
  }
  return transport.remove();
}

/** The transport that asks for a gate: the first that is not a mere wrapper. */
export function gatedTransport(transport: Transport): Transport {
  const isWrapper = transport instanceof TransportWrapper && !(transport instanceof Layer);
  return isWrapper ? gatedTransport(transport.inner) : transport;
}

/**
 * Where what is reported of a connection goes; `undefined` for the console, or if the transport
 * does not tell.
 */
function errorHandlerOf(transport: Transport): ErrorHandler | undefined {
  const connection = connectionOf(transport);
  if (connection !== null) return connection.options.onError;
  return transport instanceof TransportWrapper ? errorHandlerOf(transport.inner) : undefined;
}
