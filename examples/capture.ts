/**
 * A TCP proxy that records the traffic, as a file for Wireshark.
 *
 * Put it between a client and its server, stop it with Ctrl-C, and open the file: `wireshark
 * conversation.pcapng`, or `tshark -r conversation.pcapng -q -z follow,tcp,ascii,0`. It needs no
 * privilege because it does not listen on the network: it makes up packets from the bytes that pass
 * through it. A file that exists is not overwritten.
 *
 *     deno run --allow-net --allow-write=. examples/capture.ts --port 8080 --target 127.0.0.1:8888
 *     deno task example capture --port 8080 --target 127.0.0.1:8888 --file conversation.pcapng
 *
 * It needs `--allow-net`, and `--allow-write` for the file.
 *
 * @module
 */
import { openConnection, relay, startServer } from "@sluice/net";
import { Capture } from "@sluice/net/layers";
import type { StreamConnection } from "@sluice/net";
import { listenFlags, readFlags, toTarget } from "./_flags.ts";
import { peerOf, runProgram, serveUntilStopped } from "./_program.ts";

/** Makes an empty file. Throws if there is one of that name. */
async function createFile(path: string): Promise<void> {
  try {
    (await Deno.open(path, { write: true, createNew: true })).close();
  } catch (error) {
    const exists = error instanceof Deno.errors.AlreadyExists;
    const reason = exists ? "it exists; choose another --file" : (error as Error).message;
    throw new Error(`Cannot write ${path}: ${reason}`, { cause: error });
  }
}

await runProgram(async () => {
  const { target, file, ...endpoint } = readFlags({
    ...listenFlags(8080),
    target: ["127.0.0.1:8888", "where to connect to, as HOST:PORT", toTarget],
    file: ["conversation.pcapng", "the file to write, which must not exist"],
  });

  const proxy = async (client: StreamConnection): Promise<void> => {
    const upstream = await openConnection({ ...target, signal: client.signal });
    const { forward, backward } = await relay(client, upstream);
    console.log(
      `${peerOf(client.transport)}: ${forward.bytes} bytes there, ${backward.bytes} back`,
    );
  };

  // The file is made once the port is known to be free, and clients are accepted after that.
  const server = await startServer(proxy, {
    ...endpoint,
    startServing: false,
    layers: [(upper, options) => capture.layer(upper, options)],
    onError: (error) => console.error(error.message),
  });
  await createFile(file);
  const failed = Promise.withResolvers<never>();
  const capture = new Capture(file, {
    onError: (error) => failed.reject(new Error(`Cannot write ${file}: ${error.message}`)),
  });
  // Without its file the program has nothing to do.
  await Promise.race([
    serveUntilStopped(server).then(() => capture.close()),
    failed.promise,
  ]);
});
