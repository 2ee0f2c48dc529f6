/**
 * An echo server and its client with a layer of their own: AES-256-GCM with a common key.
 *
 * In a real program use TLS: it has forward secrecy, certificates, and a long history of review,
 * all of which this lacks. This example shows how to write a layer that changes bytes, works
 * asynchronously and keeps records: see _encryption.ts.
 *
 *     deno run --allow-net examples/encrypted_echo.ts
 *     deno task example encrypted_echo
 *
 * Without a key the program makes one up, is both ends, and ends by itself. With the same key, 64
 * hexadecimal digits, they are two programs, and the first one serves until Ctrl-C:
 *
 *     deno task example encrypted_echo --key 0123…cdef --port 8888
 *     deno task example encrypted_echo --key 0123…cdef --port 8888 --connect --message Hello
 *
 * It needs `--allow-net`; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import { encryption } from "./_encryption.ts";
import { runProgram } from "./_program.ts";
import { runSecretEcho } from "./_secret_echo.ts";

await runProgram(() => runSecretEcho((key) => [encryption(key)]));
