/** The first bytes of an IPv4-mapped address (RFC 4291 section 2.5.5.2). */
const MAPPED_PREFIX: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255];

/** An address and a port. */
export interface IpEnd {
  /** 4 or 16 bytes; the other end has as many. */
  readonly ip: Uint8Array;
  /** The port. */
  readonly port: number;
}

/** The 4 bytes of an IPv4 address as it is written without leading zeros; `null` if it is none. */
export function parseIpv4(text: string): Uint8Array<ArrayBuffer> | null {
  const parts = text.split(".");
  const isWritten = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part));
  if (!isWritten || parts.some((part) => Number(part) > 255)) return null;
  return Uint8Array.from(parts, Number);
}

/** The 16 bytes of an IPv6 address in any of its spellings; `null` if it is none. */
export function parseIpv6(text: string): Uint8Array<ArrayBuffer> | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(parseGroups);
  if (head === undefined || head === null || tail === null) return null;
  const missing = 16 - head.length - (tail?.length ?? 0);
  // "::" stands for one group of zeros at least.
  if (tail === undefined ? missing !== 0 : missing < 2) return null;
  return Uint8Array.from([...head, ...new Uint8Array(missing), ...tail ?? []]);
}

/**
 * An address of 4 or 16 bytes as text; one of version 6 in the spelling of RFC 5952, which is also
 * that of the system. An IPv4-mapped address is written with dots (its section 5).
 */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const isMapped = MAPPED_PREFIX.every((byte, i) => bytes[i] === byte);
  if (isMapped) return `::ffff:${bytes.subarray(MAPPED_PREFIX.length).join(".")}`;
  const groups = Array.from(
    { length: 8 },
    (_, i) => (bytes[2 * i] ?? 0) << 8 | (bytes[2 * i + 1] ?? 0),
  );
  const [start, length] = longestZeros(groups);
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

/** The bytes of groups with colons between them, of which the last may be an IPv4 address. */
function parseGroups(text: string): number[] | null {
  if (text === "") return [];
  const groups = text.split(":");
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    const embedded = index === groups.length - 1 ? parseIpv4(group) : null;
    if (embedded !== null) bytes.push(...embedded);
    else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    } else return null;
  }
  return bytes;
}

/** Where the longest run of zeros is, the first of several, and how long. */
function longestZeros(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > best[1]) best = [start, end - start];
  }
  return best;
}

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

/**
 * Throws for an IPv4 address inside of an IPv6 one, which a socket that leaves IPv4 alone cannot
 * have.
 *
 * @throws {TypeError} If `ipv6Only` is set and the host is such an address.
 */
export function checkIpv6Only(
  action: string,
  hostname: string | undefined,
  ipv6Only: boolean | undefined,
): void {
  const address = hostname?.replace(/^\[|\]$/g, "") ?? "";
  if (!ipv6Only || familyOf(address) !== 6 || familyOf(canonicalIp(address)) !== 4) return;
  throw new TypeError(
    `Cannot ${action}: ipv6Only given with hostname "${hostname}", which is an IPv4 address; ` +
      `give "${canonicalIp(address)}"`,
  );
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
