import type { EncodedMessage } from "./codec.ts";

/** What takes bytes in one piece and in several: a transport, a writer. */
interface Output {
  write(data: Uint8Array | string): boolean;
  writelines(parts: Iterable<Uint8Array | string>): boolean;
}

/** Whether an encoded message is in one piece. */
function isWhole(encoded: EncodedMessage): encoded is Uint8Array | string {
  return typeof encoded === "string" || encoded instanceof Uint8Array;
}

/** The pieces of an encoded message. */
export function piecesOf(encoded: EncodedMessage): readonly (Uint8Array | string)[] {
  return isWhole(encoded) ? [encoded] : encoded;
}

/** Writes an encoded message; returns what the output's own call returns. */
export function writeEncoded(output: Output, encoded: EncodedMessage): boolean {
  return isWhole(encoded) ? output.write(encoded) : output.writelines(encoded);
}
