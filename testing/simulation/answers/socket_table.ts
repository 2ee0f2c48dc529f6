import type { SimulatedConnection } from "../network/connection.ts";
import type { SimulatedDatagrams } from "../network/datagrams.ts";
import type { Lan } from "../network/lan.ts";
import type { SimulatedListener } from "../network/listener.ts";
import { showAddr } from "../network/place.ts";
import type { Netstat, SocketStatus } from "../world/netstat.ts";

/** The columns of the table, and whether they are numbers. */
const COLUMNS:
  readonly (readonly [title: string, value: (one: SocketStatus) => string, isNumber?: true])[] = [
    ["Host", ({ host }) => host],
    ["Proto", ({ protocol }) => protocol],
    ["Recv-Q", ({ receiveQueue }) => String(receiveQueue), true],
    ["Send-Q", ({ sendQueue }) => String(sendQueue), true],
    ["Local Address", ({ local }) => local],
    ["Foreign Address", ({ remote }) => remote],
    ["State", ({ state }) => state],
  ];

/** The sockets of a world, at one moment. */
export class SocketTable implements Netstat {
  readonly sockets: readonly SocketStatus[];

  /** Lists those of one host, or of all. */
  constructor(lan: Lan, host?: string) {
    this.sockets = [...lan.machines]
      .filter(({ name }) => host === undefined || name === host)
      .flatMap(({ name, listeners, connections, datagrams }) => [
        ...Array.from(listeners, (one) => listenerStatus(name, one)),
        ...Array.from(connections, (one) => connectionStatus(name, one)),
        ...Array.from(datagrams, (one) => datagramsStatus(name, one)),
      ]);
  }

  toString(): string {
    const rows = [
      COLUMNS.map(([title]) => title),
      ...this.sockets.map((one) => COLUMNS.map(([, value]) => value(one))),
    ];
    const widths = COLUMNS.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
    const cell = (text: string, i: number): string => {
      const width = widths[i] ?? 0;
      return COLUMNS[i]?.[2] ? text.padStart(width) : text.padEnd(width);
    };
    return rows.map((row) => row.map(cell).join("  ").trimEnd()).join("\n");
  }
}

function listenerStatus(host: string, { addr, backlog }: SimulatedListener): SocketStatus {
  const [waiting, capacity] = backlog;
  const isUnix = "path" in addr;
  return {
    host,
    protocol: isUnix ? "unix" : "tcp",
    state: "LISTEN",
    local: showAddr(addr),
    remote: "*",
    receiveQueue: waiting,
    sendQueue: capacity,
  };
}

function connectionStatus(host: string, connection: SimulatedConnection): SocketStatus {
  const { localAddr, remoteAddr } = connection;
  const { state, unread, unsent } = connection.describe();
  return {
    host,
    protocol: "path" in localAddr ? "unix" : "tcp",
    state,
    local: showAddr(localAddr),
    remote: showAddr(remoteAddr),
    receiveQueue: unread,
    sendQueue: unsent,
  };
}

function datagramsStatus(host: string, { addr }: SimulatedDatagrams): SocketStatus {
  const local = showAddr(addr);
  return {
    host,
    protocol: "udp",
    state: "",
    local,
    remote: "*",
    receiveQueue: 0,
    sendQueue: 0,
  };
}
