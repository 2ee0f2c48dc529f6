import { assertEquals, assertThrows } from "@std/assert";
import { retry } from "@std/async";
import { TextLineStream } from "@std/streams";
import { openConnection, openUnixConnection } from "../../../streams/open_connection.ts";
import { inheritedSockets } from "../../../transports/core/system/inherited_sockets.ts";
import { outputOf, testWith } from "../../support/peers/outside_peer.ts";
import { testAlone } from "../../support/runs/alone_test.ts";

const folder = new URL("./", import.meta.url);

/**
 * Starts a server on sockets named `web` and `admin`; gives their ports and what each client is
 * told.
 */
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

// Alone, as the tests that run at the same time have the same variables.
testAlone(import.meta.url, "inheritedSockets() names the variable that is wrong", () => {
  const NAMES = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] as const;
  const before = NAMES.map((name) => Deno.env.get(name));
  const set = (values: readonly (string | undefined)[]): void =>
    NAMES.forEach((name, i) => {
      const value = values[i];
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    });
  const pid = String(Deno.pid);
  const cases: [values: (string | undefined)[], fault: string][] = [
    [[undefined, "1"], "LISTEN_PID is not set"],
    [["1", "1"], "LISTEN_PID is 1"],
    [[pid], "LISTEN_FDS is not set"],
    [[pid, "0"], "LISTEN_FDS is 0"],
    [[pid, "-1"], "LISTEN_FDS is -1"],
    [[pid, "two"], "LISTEN_FDS is two"],
    [[pid, "1.5"], "LISTEN_FDS is 1.5"],
    [[pid, "1000000000"], "LISTEN_FDS is 1000000000"],
    [[pid, "2"], "systemd passed on sockets without names"],
    [[pid, "2", "a:b"], "systemd passed on only a, b"],
  ];
  try {
    for (const [values, fault] of cases) {
      set(values);
      assertThrows(() => inheritedSockets("systemd:web"), TypeError, fault);
    }
    set([pid, "3", "web:admin:web"]);
    assertEquals(inheritedSockets("systemd:web"), [3, 5]);
    assertEquals(inheritedSockets("systemd"), [3, 4, 5]);
  } finally {
    set(before);
  }
});

/**
 * Passes a Unix socket on, which has the number 3 then: python3 -c PASS_ON PATH PROGRAM [ARG ...].
 */
const PASS_ON = `
import os, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
listener.detach()
os.execvp(sys.argv[2], sys.argv[2:])
`;

testWith(
  "python3",
  "A server on an inherited Unix socket leaves its file where it is",
  async () => {
    const folderOfSocket = await Deno.makeTempDir({ prefix: "sluice-" });
    const path = `${folderOfSocket}/s.sock`;
    const program = new URL("inherited_unix_server.ts", folder).href;
    const child = new Deno.Command("python3", {
      args: ["-c", PASS_ON, path, Deno.execPath(), "run", "-A", "--no-check", program],
      stdin: "null",
    }).spawn();
    // The program takes its time to listen.
    const patience = { maxAttempts: 100, minTimeout: 20, maxTimeout: 100 };
    const client = await retry(() => openUnixConnection({ path }), patience);
    assertEquals(new TextDecoder().decode(await client.reader.read()), "unix");
    await client.close();
    assertEquals((await child.status).code, 0);
    assertEquals((await Deno.lstat(path)).isSocket, true);
    await Deno.remove(folderOfSocket, { recursive: true });
  },
);

testWith(
  "python3",
  "A descriptor that one server has is refused to another",
  async () => {
    const output = await outputOf("python3", [
      new URL("systemd_peer.py", folder).pathname,
      "web",
      Deno.execPath(),
      "run",
      "-A",
      "--no-check",
      new URL("twice_inherited_server.ts", folder).href,
    ]);
    assertEquals(
      output.trim().split("\n").at(-1),
      "Cannot listen: fd 3 is in use by this program already; served",
    );
  },
);
