/**
 * An echo over a Unix domain socket: the server, or with `--message` its client.
 *
 * A socket file that a killed server left behind is replaced; any other file is not.
 * `nc -U echo.sock` talks to the server too; stop it with Ctrl-C, which removes the file.
 *
 *     deno run --allow-net --allow-read --allow-write examples/unix_echo.ts --path echo.sock
 *     deno task example unix_echo --path echo.sock --message "Hello, neighbour"
 *
 * Deno asks for `--allow-net` as for any socket, and for `--allow-read --allow-write` of the path.
 *
 * @module
 */
import { createUnixConnection, createUnixServer, type ProtocolCallbacks } from "@sluice/net";
import type { Transport } from "@sluice/net";
import { readFlags } from "./_flags.ts";
import { runProgram, serveUntilStopped } from "./_program.ts";

/** A protocol need not be a class: any object with some of the callbacks works. */
function echo(): ProtocolCallbacks {
  let transport: Transport;
  return {
    connectionMade(made): void {
      transport = made;
    },
    dataReceived(chunk): void {
      transport.write(chunk);
    },
    pauseWriting(): void {
      transport.pauseReading();
    },
    resumeWriting(): void {
      transport.resumeReading();
    },
  };
}

/** Sends a message, ends its direction, and prints the answer until the server ends its own. */
async function send(path: string, message: string): Promise<void> {
  const decoder = new TextDecoder();
  const { transport } = await createUnixConnection(
    () => ({ dataReceived: (chunk) => console.log(decoder.decode(chunk, { stream: true })) }),
    { path },
  );
  transport.write(message);
  transport.writeEof();
  const { error } = await transport.closed;
  if (error) throw error;
}

await runProgram(async () => {
  const { path, message } = readFlags({
    path: ["echo.sock", "the path of the socket"],
    message: [undefined, "the text to send, as a client (default: serve)"],
  });
  if (message !== undefined) return await send(path, message);
  await serveUntilStopped(await createUnixServer(echo, { path }));
});
