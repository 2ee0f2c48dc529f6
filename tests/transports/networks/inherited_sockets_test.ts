import { assertEquals, assertThrows } from "@std/assert";
import { TextLineStream } from "@std/streams";
import { openConnection } from "../../../streams/open_connection.ts";
import { inheritedSockets } from "../../../transports/networks/inherited_sockets.ts";
import { testWith } from "../../support/outside_peer.ts";

const folder = new URL("./", import.meta.url);

/** Starts a server on sockets named `web` and `admin`; gives their ports and what each client is told. */
async function serve(fd: string): Promise<{ ports: number[]; count: string; answers: string[] }> {
  const child = new Deno.Command("python3", {
    args: [
      new URL("systemd_peer.py", folder).pathname,
      "web:admin",
      Deno.execPath(),
      "run",
      "--no-check",
      "--allow-net",
      "--allow-env",
      new URL("systemd_server.ts", folder).href,
      fd,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())
    .getReader();
  const next = async () => (await lines.read()).value ?? "";
  try {
    const ports = [Number(await next()), Number(await next())];
    const count = await next();
    const served = fd === "systemd:admin" ? ports.slice(1) : ports;
    return { ports, count, answers: await Promise.all(served.map(ask)) };
  } finally {
    child.kill();
    await child.status;
    await lines.cancel();
  }
}

async function ask(port: number): Promise<string> {
  await using client = await openConnection({ port });
  return new TextDecoder().decode(await client.reader.read());
}

testWith("python3", "A server takes all sockets that systemd passed on", async () => {
  const { ports, count, answers } = await serve("systemd");
  assertEquals([count, answers], ["serving 2", ports.map(String)]);
});

testWith("python3", "A server takes the sockets of one name that systemd passed on", async () => {
  const { ports, count, answers } = await serve("systemd:admin");
  assertEquals([count, answers], ["serving 1", [String(ports[1])]]);
});

Deno.test("inheritedSockets() gives a number as it is, and refuses what systemd did not pass on", () => {
  assertEquals(inheritedSockets(7), [7]);
  assertThrows(() => inheritedSockets("systemd:web"), TypeError, 'fd "systemd:web"');
});
