import { assertEquals } from "@std/assert";
import { Random } from "../../../../testing/conformance/random.ts";
import { CaptureSlab } from "../../../../transports/layers/capture/_capture_slab.ts";
import { SegmentHead } from "../../../../transports/layers/capture/segment_head.ts";

const PSH_ACK = 24;

/** The checksum over 16-bit words as RFC 1071 describes it, one after the other. */
function sumOf(bytes: Uint8Array): number {
  let total = 0;
  for (let i = 0; i < bytes.length; i++) total += (bytes[i] ?? 0) << (i % 2 === 0 ? 8 : 0);
  while (total > 65_535) total = (total & 65_535) + (total >>> 16);
  return total;
}

for (const size of [4, 16]) {
  Deno.test(`SegmentHead.addChecksum() leaves a card of IPv${size === 4 ? 4 : 6} to add the rest`, () => {
    const random = new Random(size);
    for (const length of [0, 1, 2, 3, 4, 1459, 65_000]) {
      const head = new SegmentHead(
        { ip: random.bytes(size), port: 1 },
        { ip: random.bytes(size), port: 2 },
      );
      const slab = new CaptureSlab(new ArrayBuffer(66_000));
      const total = head.lengthOf(PSH_ACK) + length;
      const checksumOf = (isOffloaded: boolean): number => {
        head.write(slab, 8, { length: total, flags: PSH_ACK, sequence: 3, acknowledged: 4 });
        head.addChecksum(slab, 8, total, isOffloaded);
        return slab.view.getUint16(8 + head.lengthOf(PSH_ACK) - 4);
      };
      slab.bytes.set(random.bytes(length), 8 + head.lengthOf(PSH_ACK));
      const whole = checksumOf(false);
      checksumOf(true);
      const tcp = 8 + head.lengthOf(PSH_ACK) - 20;
      assertEquals(65_535 ^ sumOf(slab.bytes.subarray(tcp, 8 + total)), whole);
    }
  });
}
