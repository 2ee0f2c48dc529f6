import { DEFAULT_HOSTNAME, fromDenoAddr } from "../../../transports/core/addresses.ts";
import type { Carrier } from "../../../transports/core/carrier.ts";
import {
  type DatagramCarrier,
  MAX_DATAGRAM_SIZE,
} from "../../../transports/datagrams/datagram_carrier.ts";
import type { Network } from "../../../transports/networks/network.ts";
import type { NetworkListener } from "../../../transports/servers/network_listener.ts";
import type { Process } from "../engine/process.ts";
import { connectTcp, connectUnix } from "./handshake.ts";
import { SimulatedCarrier } from "./simulated_carrier.ts";
import type { Lan } from "./lan.ts";
import type { SimulatedListener } from "./listener.ts";
import type { Machine } from "./machine.ts";
import type { PostOffice } from "./post_office.ts";

/** The network of one program: what the library connects and listens with. */
export function simulatedNetwork(
  lan: Lan,
  machine: Machine,
  postOffice: PostOffice,
  process: Process,
): Network {
  const alive = async (): Promise<void> => {
    if (!process.isAlive) await new Promise<never>(() => {});
  };
  return {
    name: "the network of simulate()",
    honours: ["localAddress", "localPort", "lookup", "resetOnAbort"],
    async connect({ hostname = DEFAULT_HOSTNAME, port = 0, path }, options): Promise<Carrier> {
      await alive();
      const { signal, lookup, localAddress, localPort } = options;
      const dialling = { lan, from: machine, signal, localAddress, localPort, lookup };
      const connecting = path === undefined
        ? connectTcp(dialling, hostname, port)
        : connectUnix(dialling, path);
      return new SimulatedCarrier(await connecting, options.resetOnAbort);
    },
    async listen(
      { hostname = DEFAULT_HOSTNAME, port = 0, path },
      options,
    ): Promise<NetworkListener> {
      await alive();
      const { backlog, resetOnAbort } = options;
      if (path !== undefined) return toNetworkListener(machine.listenUnix(path, backlog));
      const [address = hostname] = await lan.names.lookUp(hostname, machine.name);
      return toNetworkListener(machine.listenTcp(address, port, backlog), resetOnAbort);
    },
    async bindDatagrams(
      { hostname = DEFAULT_HOSTNAME, port = 0, path },
      options,
    ): Promise<DatagramCarrier> {
      await alive();
      if (path !== undefined) throw new TypeError("Cannot bind: there are no Unix datagrams");
      const { maxDatagramSize = MAX_DATAGRAM_SIZE, reuseAddress = false } = options;
      return postOffice.bind(machine, hostname, port, { maxDatagramSize, isShared: reuseAddress });
    },
    lookup: (hostname) => lan.names.lookUp(hostname, machine.name),
  };
}

function toNetworkListener(listener: SimulatedListener, resetOnAbort?: boolean): NetworkListener {
  listener.isDriven = true;
  const address = fromDenoAddr(listener.addr);
  if (address === undefined) throw new TypeError("Cannot listen without an address");
  return {
    address,
    close: () => listener.close(),
    accept: async () => new SimulatedCarrier(await listener.accept(), resetOnAbort),
  };
}
