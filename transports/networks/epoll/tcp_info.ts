import type { Transport } from "../../../protocols/contract.ts";
import { LEVEL, type Libc, TCP } from "./libc/libc.ts";
import { check } from "./libc/socket_calls.ts";
import { socketOf } from "./_socket_of.ts";

/** The system's view of a TCP connection: see {@linkcode tcpInfo}. */
export interface TcpInfo {
  /** Its state, as `"established"` or `"close-wait"` (RFC 9293). */
  readonly state: string;
  /** The smoothed time that a byte and its acknowledgement travel, in milliseconds. */
  readonly rtt: number;
  /** How much that time varies, in milliseconds. */
  readonly rttVariation: number;
  /** How long the system waits for an acknowledgement before it sends again, in milliseconds. */
  readonly retransmitTimeout: number;
  /** How many segments were sent again, since the beginning. */
  readonly retransmits: number;
  /** How many segments are sent and not acknowledged. */
  readonly unacknowledged: number;
  /** How many of them are taken for lost. */
  readonly lost: number;
  /** How many segments may be under way at a time: the congestion window. */
  readonly congestionWindow: number;
  /** From so many segments on that window grows slowly; `Infinity` until it has shrunk once. */
  readonly slowStartThreshold: number;
  /** The longest segment that is sent, in bytes. */
  readonly maxSegmentSize: number;
  /** How many milliseconds ago bytes were sent last. */
  readonly lastSent: number;
  /** How many milliseconds ago bytes were received last. */
  readonly lastReceived: number;
}

/** linux/tcp.h: how many bytes of `struct tcp_info` are read; older kernels give fewer. */
const SIZE = 104;

/** net/tcp_states.h, from 1 on. */
const STATES = [
  "established",
  "syn-sent",
  "syn-received",
  "fin-wait-1",
  "fin-wait-2",
  "time-wait",
  "closed",
  "close-wait",
  "last-ack",
  "listen",
  "closing",
] as const;

/** linux/tcp.h: no threshold yet, TCP_INFINITE_SSTHRESH. */
const NO_THRESHOLD = 0x7fff_ffff;

/**
 * Gives the system's view of a TCP connection on {@linkcode epollNetwork}: how long bytes travel,
 * how many were lost on the way, how many may be under way (TCP_INFO of tcp(7)).
 *
 * @example The time to the other end
 * ```ts ignore
 * import { openConnection } from "@sluice/net";
 * import { epollNetwork, tcpInfo } from "@sluice/net/epoll";
 *
 * const client = await openConnection({ port: 8080, network: epollNetwork });
 * console.log(`${tcpInfo(client.transport).rtt} ms`);
 * ```
 *
 * @param transport The connection, with layers on it or not.
 * @returns A snapshot.
 * @throws {TypeError} If it is no connection of TCP on `epollNetwork`.
 * @throws {InvalidStateError} If it is closed.
 */
export function tcpInfo(transport: Transport): TcpInfo {
  const { libc, fd } = socketOf(transport, "tcp");
  const bytes = new Uint8Array(SIZE);
  const length = new Uint8Array(Uint32Array.of(SIZE).buffer);
  check(libc, libc.getsockopt(fd, LEVEL.TCP, TCP.INFO, bytes, length));
  return readTcpInfo(bytes);
}

/** The state of a TCP socket, as in {@linkcode TcpInfo}. */
export function tcpStateOf(libc: Libc, fd: number): string {
  const bytes = new Uint8Array(1);
  const length = new Uint8Array(Uint32Array.of(1).buffer);
  check(libc, libc.getsockopt(fd, LEVEL.TCP, TCP.INFO, bytes, length));
  return readTcpInfo(bytes).state;
}

/** Reads `struct tcp_info`: 8 single bytes, then numbers of 4. */
export function readTcpInfo(bytes: Uint8Array): TcpInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = (index: number): number => {
    const offset = 8 + 4 * index;
    return offset + 4 <= view.byteLength ? view.getUint32(offset, true) : 0;
  };
  const threshold = at(17);
  return {
    state: STATES[(bytes[0] ?? 0) - 1] ?? "unknown",
    retransmitTimeout: at(0) / 1000,
    maxSegmentSize: at(2),
    unacknowledged: at(4),
    lost: at(6),
    lastSent: at(9),
    lastReceived: at(11),
    rtt: at(15) / 1000,
    rttVariation: at(16) / 1000,
    slowStartThreshold: threshold >= NO_THRESHOLD ? Infinity : threshold,
    congestionWindow: at(18),
    retransmits: at(23),
  };
}
