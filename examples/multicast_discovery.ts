/**
 * Programs on one network that find each other by multicast, and print the names of those they
 * found.
 *
 * Each joins a group and says its name there; who hears a new name answers with its own. Start it
 * twice, with two names. It stays on the loopback interface unless `--interface` says otherwise.
 *
 *     deno run --allow-net examples/multicast_discovery.ts --name one
 *     deno task example multicast_discovery --name one
 *
 * It needs `--allow-net`.
 *
 * @module
 */
import { formatAddress, openDatagrams } from "@sluice/net";
import type { DatagramSocket } from "@sluice/net/streams";
import { printable, serveDatagrams } from "./_datagrams.ts";
import { listenFlags, readFlags } from "./_flags.ts";
import { runProgram } from "./_program.ts";

/** A group for use inside of an organisation (RFC 2365). */
const GROUP = "239.255.77.88";
/** A datagram may be lost: names are said again after this time, in milliseconds. */
const AGAIN_MS = 2000;
/** More are not remembered. */
const MAX_FOUND = 1000;

await runProgram(async () => {
  const { port } = listenFlags(7788);
  const flags = readFlags({
    port,
    name: ["anonymous", "what to call this program"],
    interface: ["127.0.0.1", "the address of the interface to use"],
  });
  const socket = await openDatagrams({
    localAddr: { hostname: "0.0.0.0", port: flags.port },
    reuseAddress: true,
    maxDatagramSize: 200,
    multicast: { ttl: 1, loopback: true, interface: flags.interface },
  });
  await socket.transport.joinGroup(GROUP, { interface: flags.interface });
  const sayName = (): void => {
    void socket.send(`name ${flags.name}`, { hostname: GROUP, port: socket.port });
  };
  const listening = listen(socket, flags.name, sayName);
  const timer = setInterval(sayName, AGAIN_MS);
  sayName();
  await serveDatagrams(socket.transport);
  clearInterval(timer);
  await listening;
});

/** Prints each new name, and answers it. */
async function listen(socket: DatagramSocket, own: string, answer: () => void): Promise<void> {
  const found = new Set<string>();
  for await (const { data, address } of socket) {
    const [, name] = /^name (\S{1,100})$/.exec(new TextDecoder().decode(data)) ?? [];
    if (name === undefined || name === own || found.has(name) || found.size >= MAX_FOUND) continue;
    found.add(name);
    console.log(`found ${printable(name)} at ${formatAddress(address)}`);
    answer();
  }
}
