/**
 * A UDP echo server, protocol style: each datagram goes back to its sender.
 *
 * One object serves all clients, for datagrams have no connections. Talk to it with
 * `socat - UDP:127.0.0.1:9999` or with udp_echo_client.ts; stop it with Ctrl-C.
 *
 *     deno run --allow-net examples/udp_echo_server.ts --port 9999
 *     deno task example udp_echo_server --port 9999
 *
 * It needs `--allow-net`.
 *
 * @module
 */
import { type Address, createDatagramEndpoint, DatagramProtocol, formatAddress } from "@sluice/net";
import { serveDatagrams } from "./_datagrams.ts";
import { listenFlags, readFlags } from "./_flags.ts";
import { runProgram } from "./_program.ts";

class Echo extends DatagramProtocol {
  override datagramReceived(data: Uint8Array, address: Address): void {
    console.log(`${data.length} bytes from ${formatAddress(address)}`);
    this.transport.sendto(data, address);
  }

  // A failed send ends nothing: the next datagram may go elsewhere.
  override errorReceived(error: Error): void {
    console.log(error.message);
  }

  // Clients that send faster than the answers leave are not heard until they have left.
  override pauseWriting(): void {
    this.transport.pauseReading();
  }

  override resumeWriting(): void {
    this.transport.resumeReading();
  }
}

await runProgram(async () => {
  const { hostname, port } = listenFlags(9999);
  const localAddr = readFlags({ hostname, port });
  const { transport } = await createDatagramEndpoint(() => new Echo(), { localAddr });
  await serveDatagrams(transport);
});
