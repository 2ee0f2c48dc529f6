import { assertEquals } from "@std/assert";
import { RecordingProtocol } from "../../testing/recording/recording_protocol.ts";
import { createUnixConnection } from "../../transports/create_connection.ts";
import { createUnixServer } from "../../transports/create_server.ts";
import { settle } from "../support/time/event_loop.ts";
import { unixTest as test } from "../support/runs/has_unix_sockets.ts";

/** A folder of its own with a path for a socket, removed afterwards. */
async function withPath(run: (path: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "sluice-" });
  try {
    await run(`${folder}/talk.sock`, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The names of what is in a folder. */
function namesIn(folder: string): Promise<string[]> {
  return Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
}

test("createUnixServer() and createUnixConnection() talk over a path", () =>
  withPath(async (path) => {
    const peer = new RecordingProtocol();
    await using server = await createUnixServer(() => peer, { path });
    assertEquals(server.addresses, [{ transport: "unix", path }]);
    const { transport } = await createUnixConnection(() => ({}), { path });
    assertEquals(transport.getExtraInfo("peername"), { transport: "unix", path });
    assertEquals(transport.getExtraInfo("sockname"), { transport: "unix", path: "" });
    transport.write("over the path");
    transport.close();
    await peer.until("connectionLost");
    assertEquals(peer.receivedText, "over the path");
  }));

test("createUnixServer() removes its file when it is closed, used or not", () =>
  withPath(async (path, folder) => {
    for (const startServing of [true, false]) {
      const server = await createUnixServer(() => ({}), { path, startServing });
      await settle();
      assertEquals(await namesIn(folder), ["talk.sock"]);
      await server.shutdown();
      assertEquals(await namesIn(folder), []);
    }
  }));

test("createUnixServer() that is closed does not remove a file that took its place", () =>
  withPath(async (path, folder) => {
    const server = await createUnixServer(() => ({}), { path });
    await settle();
    await Deno.remove(path);
    await Deno.writeTextFile(path, "precious");
    await server.shutdown();
    await settle();
    assertEquals(await namesIn(folder), ["talk.sock"]);
    assertEquals(await Deno.readTextFile(path), "precious");
  }));

test("createUnixServer() may follow another one at the same path at once", () =>
  withPath(async (path) => {
    for (let i = 0; i < 3; i++) {
      const server = await createUnixServer(() => ({}), { path });
      const { transport } = await createUnixConnection(() => ({}), { path });
      transport.close();
      await transport.closed;
      server.close();
    }
  }));
