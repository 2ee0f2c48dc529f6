import type { Transport } from "../../protocols/contract.ts";
import type { Address } from "../../protocols/facts/address.ts";
import { watchSent } from "../core/write/writing.ts";
import { parseIpv4, parseIpv6 } from "../core/ip_address.ts";

/** Where Linux tells of the TCP sockets of this process, by version of IP. */
const TABLES: Record<4 | 6, string> = { 4: "/proc/self/net/tcp", 6: "/proc/self/net/tcp6" };

/** Tables that are being read now: many connections may ask at the same time. */
const reading = new Map<string, Promise<string>>();

/**
 * Tells whether bytes leave a connection: from the library to the system, and from the system to
 * the peer.
 */
export class SendProgress {
  readonly #transport: Transport;
  // The bytes that the system held when it was asked last; null if it has taken some since.
  #queued: number | null = null;
  /** Ends the watching. */
  readonly stop: () => void;

  /** Watches a transport; calls back when the system takes something. */
  constructor(transport: Transport, onSent: () => void) {
    this.#transport = transport;
    this.stop = watchSent(transport, () => {
      this.#queued = null;
      onSent();
    });
  }

  /**
   * Whether the peer takes something of what the system has: `"unsure"` the first time. To be asked
   * when the system takes nothing, as it costs more.
   *
   * @returns `null` if that cannot be known.
   */
  ask(): Promise<boolean | "unsure"> | null {
    return systemSendQueue(this.#transport)?.then((queued) => {
      const before = this.#queued;
      this.#queued = queued;
      if (queued === null || queued === 0) return false;
      return before === null ? "unsure" : queued !== before;
    }) ?? null;
  }
}

/**
 * How many bytes the system keeps that the peer has not taken yet. The system takes some megabytes
 * at once and makes room for more only when a third of them has left: a peer that is slow shows
 * here, and nowhere else.
 *
 * Known of TCP sockets on Linux, to programs that may read `/proc/self/net`. No permission is asked
 * for.
 *
 * @returns `null` if it cannot be known.
 */
export function systemSendQueue(transport: Transport): Promise<number | null> | null {
  if (transport.getExtraInfo("socket") === null) return null;
  // The socket's own, where a header tells others.
  const local = inHex(
    transport.getExtraInfo("proxySockname") ?? transport.getExtraInfo("sockname"),
  );
  const remote = inHex(
    transport.getExtraInfo("proxyPeername") ?? transport.getExtraInfo("peername"),
  );
  if (local === null || remote === null || local.length !== remote.length) return null;
  const table = TABLES[local.length > 13 ? 6 : 4];
  if (!mayRead(table)) return null;
  return read(table).then((text) => findQueue(text, `${local} ${remote} `), () => null);
}

function mayRead(path: string): boolean {
  return Deno.build.os === "linux" &&
    Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

function read(table: string): Promise<string> {
  const running = reading.get(table);
  if (running !== undefined) return running;
  const started = Deno.readTextFile(table).finally(() => reading.delete(table));
  reading.set(table, started);
  return started;
}

/** An address as in the table: each 4 bytes from the last to the first, then the port. */
function inHex(address: Address | null): string | null {
  if (address?.transport !== "tcp") return null;
  const { hostname, port } = address;
  const bytes = parseIpv4(hostname) ?? parseIpv6(hostname.replace(/%.*$/, ""));
  if (bytes === null) return null;
  let hex = "";
  for (let i = 0; i < bytes.length; i += 4) hex += bytes.subarray(i, i + 4).toReversed().toHex();
  return `${hex}:${port.toString(16).padStart(4, "0")}`.toUpperCase();
}

/** `sl: local remote state tx_queue:rx_queue ...` */
function findQueue(table: string, ends: string): number | null {
  const start = table.indexOf(ends);
  if (start === -1) return null;
  const queue = /^\S+ ([0-9A-F]+):/.exec(
    table.substring(start + ends.length, start + ends.length + 40),
  );
  return queue?.[1] === undefined ? null : parseInt(queue[1], 16);
}
