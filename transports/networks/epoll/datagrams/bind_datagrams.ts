import { DEFAULT_HOSTNAME, type Endpoint } from "../../../core/addresses.ts";
import {
  type DatagramBindOptions,
  type DatagramCarrier,
  MAX_DATAGRAM_SIZE,
} from "../../../datagrams/datagram_carrier.ts";
import { EpollDatagramCarrier } from "./datagram_carrier.ts";
import { AF, type Libc, SOCK } from "../libc/libc.ts";
import type { Address } from "../../../../protocols/facts/address.ts";
import { askForErrors, prepareDatagrams } from "./datagram_settings.ts";
import { encodeIp, encodePath } from "../libc/socket_address.ts";
import { check, localAddressOf, openSocket } from "../libc/socket_calls.ts";
import { removerOf } from "../streams/socket_file.ts";

/** See `Network.bindDatagrams`. */
export function bindDatagrams(
  libc: Libc,
  { hostname = DEFAULT_HOSTNAME, port = 0, path }: Endpoint,
  options: DatagramBindOptions,
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
    const address = Object.freeze(localAddressOf(libc, fd, "datagram"));
    const size = options.maxDatagramSize ?? MAX_DATAGRAM_SIZE;
    return new EpollDatagramCarrier(libc, fd, address, size, removeFile);
  } catch (error) {
    libc.close(fd);
    removeFile();
    throw error;
  }
}
