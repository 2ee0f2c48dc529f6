/**
 * A TCP proxy that writes down what passes, as a file for Wireshark.
 *
 * Put it between a client and its server, stop it with Ctrl-C, and open the file: `wireshark
 * conversation.pcapng`, or `tshark -r conversation.pcapng -q -z follow,tcp,ascii,0`. No
 * privilege is needed, for nothing listens on the network: the packets are made of the bytes that the program sees.
 *
 *     deno run --allow-net --allow-write=. examples/capture.ts --port 8080 --target 127.0.0.1:8888
 *     deno task example capture --port 8080 --target 127.0.0.1:8888 --file conversation.pcapng
 *
 * It needs `--allow-net`, and `--allow-write` for the file.
 *
 * @module
 */
import { Capture, openConnection, relay, startServer } from "@sluice/net";
import type { StreamConnection } from "@sluice/net";
import { peerOf, readFlags, runProgram, serveUntilStopped } from "./_program.ts";

await runProgram(async () => {
  const { target, file, ...endpoint } = readFlags({
    port: 8080,
    target: "127.0.0.1:8888",
    file: "conversation.pcapng",
  });
  const { hostname, port } = new URL(`tcp://${target}`);
  const where = { hostname: hostname.replace(/^\[|\]$/g, ""), port: Number(port) };

  const proxy = async (client: StreamConnection): Promise<void> => {
    const upstream = await openConnection({ ...where, signal: client.signal });
    const { forward, backward } = await relay(client, upstream);
    console.log(
      `${peerOf(client.transport)}: ${forward.bytes} bytes there, ${backward.bytes} back`,
    );
  };

  await using capture = new Capture(file, {
    onError: (error) => console.error(`${file}: ${error.message}`),
  });
  const server = await startServer(proxy, {
    ...endpoint,
    layers: [capture.layer],
    onError: (error) => console.error(error.message),
  });
  await serveUntilStopped(server);
});
