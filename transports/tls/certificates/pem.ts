/** A block of a PEM text. */
export interface PemBlock {
  /** The label of the block, such as `"CERTIFICATE"`. */
  readonly label: string;
  /** The block as text, from its first dash to its last. */
  readonly text: string;
  /** Its bytes; empty if it is encrypted or is not base64. */
  readonly bytes: Uint8Array;
}

/** The blocks of a PEM text (RFC 7468). Other text is passed over. */
export function readPem(pem: string): PemBlock[] {
  return Array.from(
    pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g),
    ([text, label = "", body = ""]) => ({ label, text, bytes: decode(body) }),
  );
}

function decode(body: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(body);
  } catch {
    return new Uint8Array(0);
  }
}
