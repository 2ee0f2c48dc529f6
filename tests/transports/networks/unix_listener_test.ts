import { fileURLToPath as fromFileUrl } from "node:url";
import { assertEquals, assertFalse, assertInstanceOf, assertRejects } from "@std/assert";
import { StreamReader } from "../../../streams/reading/stream_reader.ts";
import { createServer } from "../../../transports/create_server.ts";
import { denoNetwork } from "../../../transports/networks/deno_network.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";
import { listenUnix } from "../../../transports/networks/_unix_listener.ts";
import { unixTest as test } from "../../support/runs/has_unix_sockets.ts";
import { decode } from "../../support/text.ts";

/** A folder of its own, removed afterwards. */
async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sluice-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Leaves a socket file at `path` without a listener, as a killed process does. */
async function leaveStaleSocket(path: string): Promise<void> {
  const listener = Deno.listen({ transport: "unix", path });
  // Closing removes the file under the path that was bound: not under another name of it.
  await Deno.link(path, `${path}.kept`);
  listener.close();
  await Deno.rename(`${path}.kept`, path);
}

/** Whether a listener answers there. */
async function answers(path: string): Promise<boolean> {
  try {
    const conn = await Deno.connect({ transport: "unix", path });
    conn.close();
    return true;
  } catch {
    return false;
  }
}

test("listenUnix() listens, and removes its file when it is closed", () =>
  withFolder(async (folder) => {
    const path = `${folder}/x.sock`;
    const listener = await listenUnix(path);
    assertEquals(await answers(path), true);
    listener.close();
    assertFalse(await exists(path));
  }));

test("listenUnix() replaces a dead socket", () =>
  withFolder(async (folder) => {
    const path = `${folder}/x.sock`;
    await leaveStaleSocket(path);
    assertEquals([await exists(path), await answers(path)], [true, false]);
    const listener = await listenUnix(path);
    assertEquals(await answers(path), true);
    listener.close();
  }));

test("listenUnix() refuses a path where a server listens, and does not change it", () =>
  withFolder(async (folder) => {
    const path = `${folder}/x.sock`;
    const listener = await listenUnix(path);
    await assertRejects(() => listenUnix(path), Deno.errors.AddrInUse);
    assertEquals(await answers(path), true);
    listener.close();
  }));

test("listenUnix() refuses a file, a directory and a link to one, and leaves them alone", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "precious");
    await Deno.mkdir(`${folder}/directory`);
    await Deno.symlink(`${folder}/file`, `${folder}/link`);
    for (const name of ["file", "directory", "link"]) {
      await assertRejects(() => listenUnix(`${folder}/${name}`), Deno.errors.AddrInUse);
    }
    assertEquals(await Deno.readTextFile(`${folder}/link`), "precious");
    assertEquals((await Deno.lstat(`${folder}/directory`)).isDirectory, true);
  }));

test("listenUnix() does not remove a file of another program when it is closed", () =>
  withFolder(async (folder) => {
    const path = `${folder}/x.sock`;
    const listener = await listenUnix(path);
    await Deno.remove(path);
    await Deno.writeTextFile(path, "precious");
    listener.close();
    assertEquals(await Deno.readTextFile(path), "precious");
  }));

test("listenUnix() leaves a directory alone that took its place", () =>
  withFolder(async (folder) => {
    const path = `${folder}/x.sock`;
    const listener = await listenUnix(path);
    await Deno.remove(path);
    await Deno.mkdir(path);
    listener.close();
    assertEquals((await Deno.lstat(path)).isDirectory, true);
  }));

test("listenUnix() leaves a newer listener at the same path working when it is closed", () =>
  withFolder(async (folder) => {
    const path = `${folder}/x.sock`;
    const old = await listenUnix(path);
    await Deno.remove(path);
    const newer = await listenUnix(path);
    old.close();
    assertEquals(await answers(path), true);
    newer.close();
    assertFalse(await exists(path));
  }));

test("listenUnix() is closed in silence when its file is gone already", () =>
  withFolder(async (folder) => {
    const path = `${folder}/x.sock`;
    const listener = await listenUnix(path);
    await Deno.remove(path);
    listener.close();
    assertFalse(await exists(path));
  }));

test({
  name: "listenUnix() listens on an abstract name, which has no file",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const path = `\0sluice-${crypto.randomUUID()}`;
    const listener = await listenUnix(path);
    assertEquals(await answers(path), true);
    await assertRejects(() => listenUnix(path), Deno.errors.AddrInUse);
    listener.close();
    assertFalse(await answers(path));
  },
});

test("One of several servers that replace a dead socket at the same time listens", () =>
  withFolder(async (folder) => {
    const path = `${folder}/socket`;
    for (const network of [denoNetwork, nodeNetwork]) {
      await leaveStaleSocket(path);
      const attempts = Array.from({ length: 8 }, () => createServer(() => ({}), { path, network }));
      const outcomes = await Promise.allSettled(attempts);
      const servers = outcomes.filter((outcome) => outcome.status === "fulfilled");
      const failures = outcomes.filter((outcome) => outcome.status === "rejected");
      assertEquals([servers.length, failures.length], [1, 7]);
      for (const { reason } of failures) assertInstanceOf(reason, Deno.errors.AddrInUse);
      assertEquals(await answers(path), true);
      assertEquals(await exists(`${path}.lock`), false);
      for (const { value } of servers) await value.shutdown({ grace: 0 });
    }
  }));

test("One of several programs that replace a dead socket at the same time listens", () =>
  withFolder(async (folder) => {
    const path = `${folder}/socket`;
    await leaveStaleSocket(path);
    const module = new URL("../../../transports/create_server.ts", import.meta.url);
    const code = `const { createServer } = await import("${module}");
      try { await createServer(() => ({}), { path: "${path}" }); console.log("listens"); }
      catch (error) { console.log(error.name); }
      await new Response(Deno.stdin.readable).text();
      Deno.exit(0);`;
    const config = fromFileUrl(new URL("../../../deno.json", import.meta.url));
    const programs = Array.from({ length: 4 }, () =>
      new Deno.Command(Deno.execPath(), {
        args: ["eval", "--no-check", "--config", config, code],
        stdin: "piped",
        stdout: "piped",
      }).spawn());
    const said = await Promise.all(programs.map(firstLine));
    assertEquals(said.toSorted(), ["AddrInUse", "AddrInUse", "AddrInUse", "listens"]);
    assertEquals(await answers(path), true);
    for (const program of programs) {
      await program.stdin.close();
      await program.status;
    }
  }));

/** The first line that a program prints; the rest is dropped. */
async function firstLine({ stdout }: Deno.ChildProcess): Promise<string> {
  const reader = StreamReader.from(stdout);
  const line = decode(await reader.readline()).trim();
  await reader.readable.cancel();
  return line;
}
