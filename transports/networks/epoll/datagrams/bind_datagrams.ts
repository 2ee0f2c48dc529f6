import { DEFAULT_HOSTNAME, type Endpoint } from "../../../core/addresses.ts";
import {
  type DatagramBindOptions,
  type DatagramCarrier,
  MAX_DATAGRAM_SIZE,
} from "../../../datagrams/datagram_carrier.ts";
import type { SpecialDatagramOptions } from "../../../datagrams/special_datagram_options.ts";
import type { DatagramBindPlace } from "../../network.ts";
import { takeOver } from "../descriptors/descriptor.ts";
import { EpollDatagramCarrier } from "./datagram_carrier.ts";
import { AF, type Libc, SOCK } from "../libc/libc.ts";
import type { Address } from "../../../../protocols/facts/address.ts";
import { askForErrors, prepareDatagrams } from "./datagram_settings.ts";
import { inheritDatagrams } from "./inherited_datagrams.ts";
import { encodeIp, encodePath } from "../libc/socket_address.ts";
import { check, localAddressOf, openSocket } from "../libc/socket_calls.ts";
import { removerOf } from "../streams/socket_file.ts";

type Options = DatagramBindOptions & SpecialDatagramOptions;

/** See `Network.bindDatagrams`. */
export function bindDatagrams(
  libc: Libc,
  { fd, ...place }: DatagramBindPlace,
  options: Options,
  peer: Address | null,
): DatagramCarrier {
  return fd === undefined ? bind(libc, place, options, peer) : adopt(libc, fd, options, peer);
}

function bind(
  libc: Libc,
  { hostname = DEFAULT_HOSTNAME, port = 0, path }: Endpoint,
  options: Options,
  peer: Address | null,
): DatagramCarrier {
  const place = path === undefined ? encodeIp(libc, hostname, port) : encodePath(path);
  const family = path !== undefined ? AF.UNIX : place.length === 16 ? AF.INET : AF.INET6;
  const fd = openSocket(libc, family, SOCK.DGRAM);
  let removeFile = (): void => {};
  try {
    prepareDatagrams(libc, fd, family, options);
    if (peer !== null) askForErrors(libc, fd, family);
    check(libc, libc.bind(fd, place, place.length));
    removeFile = removerOf(path ?? "");
    if (options.reusePort && peer !== null) receiveFromPeerHere(libc, fd, peer);
    const address = Object.freeze(localAddressOf(libc, fd, "datagram"));
    const size = options.maxDatagramSize ?? MAX_DATAGRAM_SIZE;
    return new EpollDatagramCarrier(libc, fd, { address }, size, removeFile);
  } catch (error) {
    libc.close(fd);
    removeFile();
    throw error;
  }
}

/** Among those that share a port, the one that is connected gets what its peer sends. */
function receiveFromPeerHere(libc: Libc, fd: number, peer: Address): void {
  if (peer.transport !== "udp") return;
  const address = encodeIp(libc, peer.hostname, peer.port);
  check(libc, libc.connect(fd, address, address.length));
}

/** A socket of another program; that it is bound to a file is for that program to undo. */
function adopt(
  libc: Libc,
  named: number | string,
  options: Options,
  wanted: Address | null,
): DatagramCarrier {
  const { fd, family, address, peer } = inheritDatagrams(libc, named);
  prepareDatagrams(libc, fd, family, options);
  if ((peer ?? wanted) !== null) askForErrors(libc, fd, family);
  const size = options.maxDatagramSize ?? MAX_DATAGRAM_SIZE;
  const ends = { address: Object.freeze(address), peer };
  const carrier = new EpollDatagramCarrier(libc, fd, ends, size, () => {});
  takeOver(fd);
  return carrier;
}
