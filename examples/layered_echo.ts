/**
 * An echo server and its client on a stack of layers, the same on both ends: data is compressed,
 * then encrypted, and logged as a hex dump on its way to the wire.
 *
 * The first layer of the list is the nearest to the wire. The header of encrypted_echo.ts says what
 * its encryption is good for. All loggers count the seconds from the start of the program.
 *
 *     deno run --allow-net examples/layered_echo.ts --message "Hello, world"
 *     deno task example layered_echo
 *
 * Without a key the program makes one up, is both ends, and ends by itself. With `--key`, 64
 * hexadecimal digits, and `--connect` they are two programs, as in encrypted_echo.ts.
 *
 * It needs `--allow-net`; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import { logging } from "@sluice/net";
import { compression } from "@sluice/net/layers";
import { encryption } from "./_encryption.ts";
import { runProgram } from "./_program.ts";
import { runSecretEcho } from "./_secret_echo.ts";

const startedAt = performance.now();

/**
 * Prints a line with the time since the program started, which is the same clock for all loggers.
 */
function print(line: string): void {
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(line.replace(/^\d+\.\d+/, seconds.toFixed(3)));
}

await runProgram(() =>
  runSecretEcho((key, end) => [
    logging({ format: "hex", label: end, sink: print }),
    encryption(key),
    compression({ format: "deflate-raw" }),
    logging({ label: `${end} in clear`, sink: print }),
  ])
);
