import type { AnyProtocol } from "../../protocols/contract.ts";
import type { CapturedConnection } from "./read_capture.ts";
import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import {
  RECORDING_CHECKS,
  RecordingTransport,
  type RecordingTransportOptions,
} from "../recording/recording_transport.ts";

/** Options for {@linkcode replayCapture}. */
export interface ReplayOptions extends RecordingTransportOptions {
  /**
   * Which bytes the protocol gets: the received ones, or, for a protocol of the other end, the sent
   * ones.
   *
   * @default {"received"}
   */
  readonly direction?: "received" | "sent";
}

const CHECKS: OptionTable<ReplayOptions> = {
  ...RECORDING_CHECKS,
  direction: check.oneOf("received", "sent"),
};

/**
 * Feeds one direction of a captured connection to a protocol, byte for byte and chunk for chunk as
 * it came, over a {@linkcode RecordingTransport}: a test made of a conversation that took place.
 *
 * Each chunk comes when the protocol has dealt with the one before; the times of the capture count
 * for nothing. Stops as soon as the protocol closes. A protocol that pauses reading has to resume
 * by itself. Addresses are those of the capture.
 *
 * @param protocol The protocol.
 * @param connection A connection that `readCapture` gave.
 * @param options Which direction, and how the transport behaves.
 * @returns The transport, with all that the protocol wrote. If the capture has the end of the data,
 * the protocol was told; after a reset it was told `Deno.errors.ConnectionReset`. Otherwise the
 * connection is still open.
 * @throws The error that the protocol throws.
 *
 * @example A conversation again
 * ```ts
 * import { memoryTransportPair, type Transport } from "@sluice/net";
 * import { Capture } from "@sluice/net/layers";
 * import { readCapture, replayCapture } from "@sluice/net/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const echo = () => {
 *   let transport: Transport;
 *   return {
 *     connectionMade: (made: Transport) => transport = made,
 *     dataReceived: (chunk: Uint8Array) => transport.write(chunk),
 *   };
 * };
 * const pieces: Uint8Array<ArrayBuffer>[] = [];
 * const capture = new Capture((bytes) => pieces.push(bytes));
 * const [a, b] = await memoryTransportPair(() => ({}), echo, { layers: [capture.layer] });
 * a.transport.write("hello");
 * a.transport.close();
 * await b.transport.closed;
 * await capture.close();
 *
 * const [, server] = readCapture(await new Blob(pieces).bytes());
 * const { writtenText } = await replayCapture(echo(), server!);
 * assertEquals(writtenText, "hello");
 * ```
 */
export async function replayCapture(
  protocol: AnyProtocol,
  connection: CapturedConnection,
  options: ReplayOptions = {},
): Promise<RecordingTransport> {
  checkOptions("replay capture", options, CHECKS);
  const { direction = "received", ...transportOptions } = options;
  const isOurs = direction === "received";
  const transport = new RecordingTransport(protocol, {
    ...transportOptions,
    extraInfo: {
      sockname: isOurs ? connection.local : connection.peer,
      peername: isOurs ? connection.peer : connection.local,
      ...transportOptions.extraInfo,
    },
  });
  transport.start();
  for (const chunk of connection.chunks) {
    if (transport.isClosing()) return transport;
    if (chunk.direction === direction) await transport.feed(chunk.bytes);
  }
  if (transport.isClosing()) return transport;
  if (connection.ended[direction]) await transport.feedEof();
  else if (connection.isReset) {
    transport.lose(new Deno.errors.ConnectionReset("the captured connection was reset"));
  }
  return transport;
}
