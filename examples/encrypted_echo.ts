/**
 * An echo server and its client with a layer of one's own in between: AES-256-GCM with a common key.
 *
 * Use TLS in earnest: it has what is missing here, first of all forward secrecy, certificates, and
 * people who have looked for its faults. This shows how a layer is written that changes
 * bytes, takes its time and keeps records: see _encryption.ts.
 *
 *     deno run --allow-net examples/encrypted_echo.ts
 *     deno task example encrypted_echo
 *
 * Without a key the program makes one up, is both ends and ends by itself. With the same key, 64
 * hexadecimal digits, they are two programs, and the first serves until Ctrl-C:
 *
 *     deno task example encrypted_echo --key 0123…cdef --port 8888
 *     deno task example encrypted_echo --key 0123…cdef --port 8888 --connect --message Hello
 *
 * `--allow-net` is all it needs; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import { encryption } from "./_encryption.ts";
import { runProgram } from "./_program.ts";
import { runSecretEcho } from "./_secret_echo.ts";

await runProgram(() => runSecretEcho((key) => [encryption(key)]));
