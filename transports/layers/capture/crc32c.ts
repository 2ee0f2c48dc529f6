/** The polynomial of Castagnoli, bits reversed. */
const POLYNOMIAL = 0x82f63b78;

const TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? POLYNOMIAL ^ rest >>> 1 : rest >>> 1;
  return rest;
});

/** The checksum CRC-32C (RFC 4960, appendix B) of bytes. */
export function crc32c(bytes: Uint8Array): number {
  let rest = 0xffff_ffff;
  for (const byte of bytes) rest = (TABLE[(rest ^ byte) & 255] ?? 0) ^ rest >>> 8;
  return ~rest >>> 0;
}
