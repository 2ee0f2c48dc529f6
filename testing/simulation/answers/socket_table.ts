import type { SimulatedConnection } from "../network/connection.ts";
import type { SimulatedDatagrams } from "../network/datagrams.ts";
import type { Lan } from "../network/lan.ts";
import type { SimulatedListener } from "../network/listener.ts";
import { type Addr, showAddr } from "../network/place.ts";
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
  const [receiveQueue, sendQueue] = backlog;
  return { ...statusOf(host, addr), state: "LISTEN", receiveQueue, sendQueue };
}

function connectionStatus(host: string, connection: SimulatedConnection): SocketStatus {
  const { state, unread: receiveQueue, unsent: sendQueue } = connection.describe();
  const remote = showAddr(connection.remoteAddr);
  return { ...statusOf(host, connection.localAddr), state, remote, receiveQueue, sendQueue };
}

function datagramsStatus(host: string, { addr }: SimulatedDatagrams): SocketStatus {
  return { ...statusOf(host, addr), protocol: "udp" };
}

function statusOf(host: string, addr: Addr): SocketStatus {
  const protocol = "path" in addr ? "unix" : "tcp";
  const local = showAddr(addr);
  return { host, protocol, state: "", local, remote: "*", receiveQueue: 0, sendQueue: 0 };
}
