/**
 * An echo server and its client on a stack of layers, the same on both ends: what is written is compressed, then
 * encrypted; what goes over the wire is logged as a hex dump.
 *
 * The layers stand in the order of the bytes that come in, the first nearest the wire. The encryption is that
 * of encrypted_echo.ts, whose header says what it is good for.
 *
 *     deno run --allow-net examples/layered_echo.ts --message "Hello, world"
 *     deno task example layered_echo
 *
 * Without a key the program makes one up, is both ends and ends by itself; with `--key`, 64 hexadecimal
 * digits, and `--connect` they are two programs, as in encrypted_echo.ts.
 *
 * `--allow-net` is all it needs; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import { compression, logging } from "@sluice/net";
import { encryption } from "./_encryption.ts";
import { runProgram } from "./_program.ts";
import { runSecretEcho } from "./_secret_echo.ts";

await runProgram(() =>
  runSecretEcho((key, end) => [
    logging({ format: "hex", label: end, sink: (line) => console.log(line) }),
    encryption(key),
    compression({ format: "deflate-raw" }),
    logging({ label: `${end} in clear`, sink: (line) => console.log(line) }),
  ])
);
