/**
 * A small netcat: joins stdin and stdout to a connection.
 *
 * What is typed goes to the other end, what comes from there is printed. The end of stdin (Ctrl-D) ends our
 * direction only, so that an answer still arrives; the program ends when the other end has
 * ended its own.
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
  // To stderr: stdout is for what the other end sends.
  console.error(`connected to ${peerOf(connection.transport)}`);
  // If this direction fails, the connection does, and with it the other direction.
  Deno.stdin.readable.pipeTo(connection.writable).catch(() => {});
  await connection.readable.pipeTo(Deno.stdout.writable);
  await connection.close();
  // A read of stdin may still be waiting for somebody to type.
  Deno.exit(0);
});
