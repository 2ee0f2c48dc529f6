/**
 * Lets a child write, or be written to, as many MiB as the first argument says, and prints by how
 * many MiB our memory has grown while
 * nothing was read, how much came in the end, and how much in all.
 */
import { createSubprocessExec } from "../../../streams/processes/create_subprocess.ts";

const MEBIBYTE = 1_048_576;
const total = Number(Deno.args[0]) * MEBIBYTE;

/** Our memory, in MiB. */
function memory(): number {
  return Deno.memoryUsage().rss / MEBIBYTE;
}

/** Lets happen what can happen while nothing is read. */
async function settle(): Promise<void> {
  for (let round = 0; round < 20; round++) await (await createSubprocessExec("true")).closed;
}

await settle();
const before = memory();
const flood = await createSubprocessExec("head", {
  args: ["-c", String(total), "/dev/zero"],
  stdout: "piped",
});
await settle();
console.log(memory() - before);
let received = 0;
let most = 0;
for (;;) {
  const chunk = await flood.stdout.read(65_536);
  if (chunk.length === 0) break;
  received += chunk.length;
  most = Math.max(most, memory());
}
await flood.closed;
console.log(received);
console.log(most - before);

const deaf = await createSubprocessExec("sleep", { args: ["1000"], stdin: "piped" });
const part = new Uint8Array(MEBIBYTE);
const writing = (async (): Promise<void> => {
  for (let sent = 0; sent < total; sent += part.length) {
    deaf.stdin.write(part);
    await deaf.stdin.drain();
  }
})().catch(() => {});
await settle();
console.log(memory() - before);
deaf.kill();
await writing;
await deaf.closed;
