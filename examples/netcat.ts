/**
 * A small netcat: joins stdin and stdout to a connection.
 *
 * It sends stdin to the other end and prints the received bytes. The end of stdin (Ctrl-D) ends our
 * direction only, so that an answer still arrives; the program ends when the other end has ended
 * its own direction.
 *
 *     deno run --allow-net examples/netcat.ts --port 8888
 *     deno task example netcat --port 8888
 *
 * It needs `--allow-net`; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import { openConnection } from "@sluice/net";
import { connectFlags, readFlags } from "./_flags.ts";
import { peerOf, runProgram } from "./_program.ts";

await runProgram(async () => {
  const connection = await openConnection(readFlags(connectFlags(8888)));
  // To stderr: stdout is for the received bytes.
  console.error(`connected to ${peerOf(connection.transport)}`);
  // If this direction fails, the connection fails, and so does the other direction.
  Deno.stdin.readable.pipeTo(connection.writable).catch(() => {});
  await connection.readable.pipeTo(Deno.stdout.writable);
  await connection.close();
  // A read of stdin may still be waiting.
  Deno.exit(0);
});
