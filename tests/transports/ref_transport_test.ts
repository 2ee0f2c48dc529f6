import { assertEquals, assertThrows } from "@std/assert";
import { deadline } from "@std/async";
import type { Transport } from "../../protocols/contract.ts";
import { openConnection } from "../../streams/open_connection.ts";
import { createDatagramEndpoint } from "../../transports/create_datagram_endpoint.ts";
import { memoryTransportPair } from "../../transports/memory_transport_pair.ts";
import { refTransport, unrefTransport } from "../../transports/ref_transport.ts";
import { PATIENCE_MS } from "../support/peers/outside_peer.ts";

const program = new URL("ref_program.ts", import.meta.url).pathname;

/** A program that ends when nothing keeps it alive. */
interface RefProgram {
  readonly port: number;
  readonly stdin: WritableStream<Uint8Array>;
  /** The next text that it prints. */
  next(): Promise<string>;
  /** Resolves to the exit code when it has ended by itself. */
  ended(): Promise<number>;
}

/** Starts the program, and gives the port that it listens on. */
async function start(network: string, action: string): Promise<RefProgram> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", program, network, action],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const next = async (): Promise<string> => new TextDecoder().decode((await reader.read()).value);
  return {
    port: Number(await next()),
    next,
    stdin: child.stdin,
    ended: async (): Promise<number> => {
      try {
        return (await deadline(child.status, PATIENCE_MS)).code;
      } catch (error) {
        child.kill();
        await child.status;
        throw error;
      } finally {
        await reader.cancel();
      }
    },
  };
}

for (const network of ["denoNetwork", "nodeNetwork", "epollNetwork"]) {
  const test = (name: string, fn: () => Promise<void>): void => {
    const ignore = network === "epollNetwork" && Deno.build.os !== "linux";
    Deno.test({ name: `${name} on ${network}`, ignore, fn });
  };

  test("Server.unref() lets the process end", async () => {
    const { stdin, ended } = await start(network, "listen");
    assertEquals(await ended(), 0);
    await stdin.close().catch(() => {});
  });

  test("unrefTransport() of both ends lets the process end", async () => {
    const { stdin, ended } = await start(network, "connect");
    assertEquals(await ended(), 0);
    await stdin.close().catch(() => {});
  });

  test("unrefTransport() of an endpoint lets the process end", async () => {
    const { stdin, ended } = await start(network, "receive");
    assertEquals(await ended(), 0);
    await stdin.close().catch(() => {});
  });

  test("refTransport() of an endpoint keeps the process alive until it is closed", async () => {
    const { port, next, stdin, ended } = await start(network, "receive-again");
    const { transport } = await createDatagramEndpoint(() => ({}), { remoteAddr: { port } });
    transport.sendto("here");
    assertEquals(await next(), "here\n");
    assertEquals(await ended(), 0);
    transport.close();
    await transport.closed;
    await stdin.close().catch(() => {});
  });

  test("Server.ref() keeps the process alive until the server is closed", async () => {
    const { port, stdin, ended } = await start(network, "listen-again");
    const client = await openConnection({ port });
    assertEquals((await client.reader.read()).length, 0);
    await client.close();
    assertEquals(await ended(), 0);
    await stdin.close().catch(() => {});
  });

  test("Unreferenced connections work as long as the process runs", async () => {
    const { port, stdin, ended } = await start(network, "serve");
    const client = await openConnection({ port });
    for (let i = 0; i < 20; i++) {
      client.writer.write(`${i}\n`);
      assertEquals(await client.reader.readline({ as: "text" }), `${i}\n`);
    }
    await stdin.close();
    assertEquals(await ended(), 0);
    // The process was ended over its head.
    await client.reader.read().catch(() => {});
    await client.close().catch(() => {});
  });
}

Deno.test("unrefTransport() refuses a transport without a socket, and names its kind", async () => {
  const [{ transport }] = await memoryTransportPair(() => ({}), () => ({}));
  for (const given of [transport, null, {}]) {
    assertThrows(() => unrefTransport(given as Transport), TypeError, "Cannot unref");
    assertThrows(() => refTransport(given as Transport), TypeError, "Cannot ref");
  }
  transport.abort();
  await transport.closed;
});
