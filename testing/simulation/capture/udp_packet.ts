import type { Bytes } from "../../../protocols/bytes.ts";
import type { IpEnd } from "../../../transports/core/ip_address.ts";

const UDP = 17;
const UDP_HEADER = 8;
const [IPV4_HEADER, IPV6_HEADER] = [20, 40];

/** A datagram with its headers, as it is on the wire. */
export function udpPacket(from: IpEnd, to: IpEnd, data: Uint8Array): Bytes {
  const isV4 = from.ip.length === 4;
  const ip = isV4 ? IPV4_HEADER : IPV6_HEADER;
  const length = UDP_HEADER + data.length;
  const packet = new Uint8Array(ip + length);
  const view = new DataView(packet.buffer);
  const addresses = isV4 ? 12 : 8;
  packet.set(from.ip, addresses);
  packet.set(to.ip, addresses + from.ip.length);
  if (isV4) {
    view.setUint8(0, 0x45);
    view.setUint16(2, packet.length);
    view.setUint8(8, 64);
    view.setUint8(9, UDP);
    view.setUint16(10, checksum(sum(packet, 0, ip)));
  } else {
    view.setUint8(0, 0x60);
    view.setUint16(4, length);
    view.setUint8(6, UDP);
    view.setUint8(7, 64);
  }
  view.setUint16(ip, from.port);
  view.setUint16(ip + 2, to.port);
  view.setUint16(ip + 4, length);
  packet.set(data, ip + UDP_HEADER);
  const pseudo = sum(packet, addresses, ip) + UDP + length;
  // Zero would mean that there is none.
  view.setUint16(ip + 6, checksum(pseudo + sum(packet, ip, packet.length)) || 0xffff);
  return packet;
}

/** Adds up 16-bit words (RFC 1071). */
function sum(bytes: Uint8Array, start: number, end: number): number {
  let total = 0;
  for (let i = start; i < end; i += 2) {
    total += (bytes[i] ?? 0) << 8 | (i + 1 < end ? bytes[i + 1] ?? 0 : 0);
  }
  return total;
}

function checksum(total: number): number {
  let folded = total;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return 0xffff ^ folded;
}
