/** The address of a TCP or UDP socket. */
export interface NetAddress {
  /** Which transport protocol the address belongs to. */
  readonly transport: "tcp" | "udp";
  /** The IP address, as text. */
  readonly hostname: string;
  /** The port, 0 to 65535. */
  readonly port: number;
}

/** The address of a Unix domain socket. */
export interface UnixAddress {
  /** Which kind of Unix socket the address belongs to. */
  readonly transport: "unix" | "unixpacket";
  /** The path of the socket file; of a client that bound none, empty. */
  readonly path: string;
}

/** The address of one end of a connection inside this process. */
export interface MemoryAddress {
  /** Marks a connection that leaves no process. */
  readonly transport: "memory";
  /** The name of this end. */
  readonly name: string;
}

/** Where one end of a connection is. */
export type Address = NetAddress | UnixAddress | MemoryAddress;
