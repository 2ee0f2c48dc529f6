import { assert } from "@std/assert";
import { deadline } from "@std/async";
import { openConnection } from "../../../streams/open_connection.ts";
import type { StreamConnection } from "../../../streams/stream_connection.ts";
import { outputOf, PATIENCE_MS, withPeer } from "../../support/peers/outside_peer.ts";
import { decode } from "../../support/text.ts";

/** How many more descriptors the server gets than it has. */
const MORE = 10;

async function ask(connection: StreamConnection, line: string): Promise<string> {
  connection.writer.write(line);
  return decode(await deadline(connection.reader.readline(), PATIENCE_MS));
}

/** Limits the descriptors of a program to a few more than it has; returns their number. */
async function limitDescriptors(pid: string): Promise<number> {
  const used = await Array.fromAsync(Deno.readDir(`/proc/${pid}/fd`), ({ name }) => Number(name));
  const limit = Math.max(...used) + 1 + MORE;
  await outputOf("prlimit", ["--pid", pid, `--nofile=${limit}:${limit}`]);
  return limit;
}

Deno.test({
  name: "A server on nodeNetwork accepts again once it has descriptors again",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const program = decodeURIComponent(new URL("line_server.ts", import.meta.url).pathname);
    const args = ["run", "-A", "--no-check", program];
    await withPeer(Deno.execPath(), args, /listening: (\d+ \d+)/, async (_, _line, word) => {
      const [port = 0, pid = ""] = [Number(word.split(" ")[0]), word.split(" ")[1]];
      const first = await openConnection({ port });
      assert(await ask(first, "first\n") === "first\n");
      const limit = await limitDescriptors(pid);
      // The system takes them all, and the server runs out of descriptors.
      const crowd = await Promise.all(
        Array.from({ length: limit }, () => openConnection({ port })),
      );
      const answers = crowd.map((one) => ask(one, "let in\n"));
      await Promise.any(answers);
      await Promise.all(crowd.map((one) => one.close()));
      await Promise.allSettled(answers);
      const late = await openConnection({ port });
      assert(await ask(late, "late\n") === "late\n");
      await Promise.all([late.close(), first.close()]);
    });
  },
});
