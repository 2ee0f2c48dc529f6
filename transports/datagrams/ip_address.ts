import { parseIpv4, parseIpv6 } from "../layers/proxy/ip_address.ts";

/**
 * An IP address in the one spelling that can be compared: lower case, zeros left out, an IPv4
 * address inside of an IPv6 one as IPv4. Any other text is returned unchanged.
 */
export function canonicalIp(hostname: string): string {
  if (familyOf(hostname) !== 6) return hostname;
  const [address = "", zone] = hostname.split("%");
  const short = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const mapped = short.match(/^::ffff:([0-9a-f]+):([0-9a-f]+)$/);
  if (mapped !== null) {
    const [high, low] = [parseInt(`${mapped[1]}`, 16), parseInt(`${mapped[2]}`, 16)];
    return [high >> 8, high & 255, low >> 8, low & 255].join(".");
  }
  return zone === undefined ? short : `${short}%${zone}`;
}

/** The family of an IP address; `null` if it is none. A zone such as `%eth0` may follow. */
export function familyOf(hostname: string): 4 | 6 | null {
  if (parseIpv4(hostname) !== null) return 4;
  return parseIpv6(hostname.replace(/%.+$/, "")) === null ? null : 6;
}

/** Whether an IP address is this machine's own, which no other machine can use. */
export function isLoopback(hostname: string): boolean {
  const canonical = canonicalIp(hostname);
  return canonical === "::1" || (familyOf(canonical) === 4 && canonical.startsWith("127."));
}

/** Whether an IP address is that of a multicast group. */
export function isGroup(hostname: string): boolean {
  const family = familyOf(hostname);
  if (family === 6) return canonicalIp(hostname).startsWith("ff");
  const [first = 0] = hostname.split(".").map(Number);
  return family === 4 && first >= 224 && first <= 239;
}
