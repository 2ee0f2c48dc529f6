import type { EncodedMessage, Encoder } from "./codec.ts";
import { ReusedSegment } from "./_reused_segment.ts";

/** What takes bytes in one piece and in several: a transport, a writer. */
interface Output {
  write(data: Uint8Array | string): boolean;
  writelines(parts: Iterable<Uint8Array | string>): boolean;
}

/** Shared by all encoders: a message is written before the next one is encoded. */
const segment = new ReusedSegment();

/** Whether an encoded message is in one piece. */
function isWhole(encoded: EncodedMessage): encoded is Uint8Array | string {
  return typeof encoded === "string" || encoded instanceof Uint8Array;
}

/** The pieces of an encoded message. */
export function piecesOf(encoded: EncodedMessage): readonly (Uint8Array | string)[] {
  return isWhole(encoded) ? [encoded] : encoded;
}

/**
 * Encodes a message and writes it.
 *
 * @returns What the output's own call returns.
 * @throws {FrameError} If the message cannot be encoded; nothing is written then.
 */
export function writeMessage<Out>(output: Output, encoder: Encoder<Out>, message: Out): boolean {
  return segment.use((segment) => {
    const encoded = encoder.encode(message, segment);
    return isWhole(encoded) ? output.write(encoded) : output.writelines(encoded);
  });
}
