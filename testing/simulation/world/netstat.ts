/** A socket of a host, as `netstat` lists it. */
export interface SocketStatus {
  /** The host. */
  readonly host: string;
  /** The protocol of the socket. */
  readonly protocol: "tcp" | "udp" | "unix";
  /** Its state, as `netstat` names it; empty for datagrams. */
  readonly state: string;
  /** Where it is: `10.0.0.2:80`, or a path. */
  readonly local: string;
  /** Where its peer is; `*` if it has none. */
  readonly remote: string;
  /** Bytes that arrived and were not read; connections that were not accepted, of a listener. */
  readonly receiveQueue: number;
  /**
   * Bytes that were written and not read by the peer; of a listener, how many connections may wait.
   */
  readonly sendQueue: number;
}

/** The sockets of a world. As text it is a table. */
export interface Netstat {
  /** The sockets, by host. */
  readonly sockets: readonly SocketStatus[];
  /** The sockets as a table. */
  toString(): string;
}
