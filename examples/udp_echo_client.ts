/**
 * A client of a UDP echo server, async/await style: sends a message and prints the echo.
 *
 * Start udp_echo_server.ts first. A datagram may be lost, so the message is sent again if no answer
 * comes in time.
 *
 *     deno run --allow-net examples/udp_echo_client.ts --port 9999 --message "Hello, world"
 *     deno task example udp_echo_client --port 9999
 *
 * It needs `--allow-net`.
 *
 * @module
 */
import { formatAddress, openDatagrams, TimeoutError } from "@sluice/net";
import type { DatagramSocket } from "@sluice/net/streams";
import { printable } from "./_datagrams.ts";
import { connectFlags, readFlags, toCount } from "./_flags.ts";
import { runProgram } from "./_program.ts";

/** Sends the message until an answer comes; `undefined` if none did. */
async function ask(
  socket: DatagramSocket,
  message: string,
  { tries, timeout }: { readonly tries: number; readonly timeout: number },
): Promise<Uint8Array | undefined> {
  for (let left = tries; left > 0; left--) {
    await socket.send(message);
    try {
      return (await socket.receive({ timeout }))?.data;
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
    }
  }
  return undefined;
}

await runProgram(async () => {
  const { hostname, port } = connectFlags(9999);
  const { message, tries, timeout, ...remoteAddr } = readFlags({
    hostname,
    port,
    message: ["Hello, world", "what to send"],
    tries: ["3", "how often it is sent", toCount],
    timeout: ["1000", "how long to wait for each answer, in milliseconds", toCount],
  });
  await using socket = await openDatagrams({ remoteAddr });
  const server = formatAddress(socket.transport.getExtraInfo("peername"));
  const answer = await ask(socket, message, { tries, timeout });
  if (answer === undefined) throw new Error(`No answer from ${server}; is the server running?`);
  console.log(`received from ${server}: ${printable(new TextDecoder().decode(answer))}`);
});
