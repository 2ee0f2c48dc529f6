import type { Bytes } from "../../protocols/bytes.ts";
import type { ProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import type { CallbackRecorder } from "../recording/callback_recorder.ts";
import { assertSameBytes } from "./same_bytes.ts";
import { type End, flushed, type Scene } from "./scene.ts";

/** Far more than sockets buffer by themselves, in bytes. */
export const MUCH = 16_777_216;

/** A protocol that does not read until it is told to. */
export const PAUSED: ProtocolCallbacks = {
  connectionMade: (transport) => transport.pauseReading(),
};

/** Sends bytes in pieces of some size, and waits until they are sent now and then. */
export async function sendInPieces(
  { random }: Scene,
  transport: Transport,
  bytes: Bytes,
  largest: number = random.pick(300, 9000, 100_000),
): Promise<void> {
  for (const piece of random.split(bytes, 1, largest)) {
    transport.write(piece);
    if (random.below(4) === 0) await flushed(transport);
  }
}

/** Sends bytes in pieces, and waits only while much is queued. */
export async function stream(
  { random }: Scene,
  transport: Transport,
  bytes: Bytes,
  smallest: number = 1,
  largest: number = 200_000,
): Promise<void> {
  for (const piece of random.split(bytes, smallest, largest)) {
    transport.write(piece);
    if (transport.getWriteBufferSize() > 65_536) await flushed(transport);
  }
}

/** Waits until that many bytes have arrived, and checks that they are these. */
export async function assertReceives(
  protocol: CallbackRecorder,
  ...expected: readonly (Bytes | string)[]
): Promise<void> {
  const whole = await new Blob([...expected]).bytes();
  await protocol.untilReceived(whole.length);
  assertSameBytes(protocol.received, whole);
}

/** Closes the end that sends; checks that the other has received these bytes and no more. */
export async function assertAllReceived(
  { transport }: { readonly transport: Transport },
  peer: End<CallbackRecorder>,
  ...expected: readonly (Bytes | string)[]
): Promise<void> {
  transport.close();
  await peer.transport.closed;
  assertSameBytes(peer.protocol.received, await new Blob([...expected]).bytes());
}
