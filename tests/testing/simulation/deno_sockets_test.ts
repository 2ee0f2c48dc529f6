/**
 * The same programs on the sockets of Deno and on simulated ones: what they see must be the same,
 * errors with their classes, codes and words included.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { simulate } from "@sluice/net/testing";
import { hasUnixSockets } from "../../support/runs/has_unix_sockets.ts";
import { socketPath } from "../../support/places/socket_path.ts";

/** The events that a program saw. */
type Seen = unknown[];

/** How an operation ended. */
async function outcome(operation: () => unknown): Promise<unknown> {
  try {
    // Deno resolves to null where there is nothing.
    return await operation() ?? null;
  } catch (error) {
    if (!(error instanceof Error)) return error;
    return [error.constructor.name, (error as { code?: unknown }).code, error.message];
  }
}

async function pair(): Promise<[Deno.Listener, Deno.Conn, Deno.Conn]> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const client = await Deno.connect({ hostname: "127.0.0.1", port });
  return [listener, client, await listener.accept()];
}

const bytes = (length = 1): Uint8Array<ArrayBuffer> => new Uint8Array(length);

/** Time for what was sent to arrive. */
function aWhile(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

const programs: Readonly<Record<string, () => Promise<Seen>>> = {
  async "data, then an end, then nothing more"(): Promise<Seen> {
    const [listener, client, server] = await pair();
    const seen: Seen = [await client.write(bytes(3))];
    await client.closeWrite();
    const target = bytes(10);
    seen.push(await server.read(target), Number(await server.read(target)));
    seen.push(await server.write(bytes(2)), Number(await client.read(bytes(5))));
    for (const one of [client, server, listener]) one.close();
    return seen;
  },
  async "operations on a closed connection"(): Promise<Seen> {
    const [listener, client, server] = await pair();
    client.close();
    const seen: Seen = [];
    seen.push(
      await outcome(() => client.read(bytes())),
      await outcome(() => client.write(bytes())),
    );
    seen.push(await outcome(() => client.closeWrite()), await outcome(() => client.close()));
    server.close();
    listener.close();
    seen.push(await outcome(() => listener.accept()), await outcome(() => listener.close()));
    return seen;
  },
  async "a read and an accept that are pending when it is closed"(): Promise<Seen> {
    const [listener, client, server] = await pair();
    const reading = outcome(() => client.read(bytes()));
    const accepting = outcome(() => listener.accept());
    const second = await outcome(() => listener.accept());
    client.close();
    server.close();
    listener.close();
    return [second, await reading, await accepting];
  },
  async "a write that is pending when it is closed"(): Promise<Seen> {
    const [listener, client, server] = await pair();
    let writing: Promise<unknown> = Promise.resolve(0);
    // Until the window is full.
    for (let isFull = false; !isFull;) {
      writing = outcome(() => client.write(bytes(1_000_000)));
      isFull = await Promise.race([writing.then(() => false), aWhile().then(() => true)]);
    }
    client.close();
    const seen = [await writing];
    server.close();
    listener.close();
    return seen;
  },
  async "writing to a peer that is gone"(): Promise<Seen> {
    const [listener, client, server] = await pair();
    server.close();
    const seen: Seen = [await client.read(bytes()), await client.write(bytes())];
    await aWhile();
    seen.push(await outcome(() => client.write(bytes())), await client.read(bytes()));
    client.close();
    listener.close();
    return seen;
  },
  async "closing with bytes that were not read"(): Promise<Seen> {
    const [listener, client, server] = await pair();
    await client.write(bytes(10));
    await server.write(bytes(4));
    await aWhile();
    server.close();
    await aWhile();
    const seen: Seen = [await outcome(() => client.read(bytes(10)))];
    seen.push(
      await outcome(() => client.read(bytes(10))),
      await outcome(() => client.write(bytes())),
    );
    client.close();
    listener.close();
    return seen;
  },
  async "writing after the direction was ended"(): Promise<Seen> {
    const [listener, client, server] = await pair();
    await client.closeWrite();
    const seen = [
      await outcome(() => client.write(bytes())),
      await outcome(() => client.closeWrite()),
    ];
    for (const one of [client, server, listener]) one.close();
    return seen;
  },
  async "nothing to read and nothing to write"(): Promise<Seen> {
    const [listener, client, server] = await pair();
    const seen = [await client.read(bytes(0)), await client.write(bytes(0))];
    for (const one of [client, server, listener]) one.close();
    return seen;
  },
  async "ports that are taken, refused, out of range"(): Promise<Seen> {
    const [listener, client, server] = await pair();
    const { port } = listener.addr as Deno.NetAddr;
    const seen: Seen = [await outcome(() => Deno.listen({ hostname: "127.0.0.1", port }))];
    seen.push(await outcome(() => Deno.listen({ port })));
    for (const one of [client, server, listener]) one.close();
    seen.push(await outcome(() => Deno.connect({ hostname: "127.0.0.1", port: 1 })));
    seen.push(await outcome(() => Deno.connect({ hostname: "127.0.0.1", port: 0 })));
    seen.push(await outcome(() => Deno.listen({ hostname: "203.0.113.1", port: 0 })));
    seen.push(await outcome(() => Deno.connect({ hostname: "nowhere.invalid", port: 1 })));
    return seen;
  },
  async "addresses of both ends, also over a wildcard of IPv6"(): Promise<Seen> {
    const seen: Seen = [];
    for (const hostname of ["0.0.0.0", "::"]) {
      const listener = Deno.listen({ hostname, port: 0 });
      const client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
      const server = await listener.accept();
      const named = (addr: Deno.NetAddr) => [addr.transport, addr.hostname];
      seen.push(named(listener.addr), named(client.remoteAddr), named(server.remoteAddr));
      for (const one of [client, server, listener]) one.close();
    }
    return seen;
  },
  async "an iterated listener ends quietly"(): Promise<Seen> {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    let accepted = 0;
    const serving = (async () => {
      for await (const conn of listener) {
        accepted++;
        conn.close();
      }
    })();
    const client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
    const end = await client.read(bytes());
    client.close();
    listener.close();
    await serving;
    return [accepted, end];
  },
  async "streams of a connection"(): Promise<Seen> {
    const [listener, client, server] = await pair();
    const writer = client.writable.getWriter();
    await writer.write(bytes(3));
    await client.closeWrite();
    let length = 0;
    for await (const chunk of server.readable) length += chunk.length;
    const seen: Seen = [length, await outcome(() => server.read(bytes()))];
    writer.releaseLock();
    client.close();
    listener.close();
    return seen;
  },
};

for (const [name, program] of Object.entries(programs)) {
  Deno.test(`simulated sockets do as those of Deno: ${name}`, async () => {
    const { value } = await simulate(program);
    assertEquals(value, await program());
  });
}

Deno.test({
  name: "simulated Unix sockets do as those of Deno",
  ignore: !hasUnixSockets,
  fn: async () => {
    const path = await socketPath();
    const program = async (): Promise<Seen> => {
      const seen: Seen = [await outcome(() => Deno.connect({ transport: "unix", path }))];
      const listener = Deno.listen({ transport: "unix", path });
      seen.push(await outcome(() => Deno.listen({ transport: "unix", path })));
      const client = await Deno.connect({ transport: "unix", path });
      const server = await listener.accept();
      seen.push(client.localAddr, client.remoteAddr, server.localAddr, server.remoteAddr);
      await client.write(bytes(3));
      seen.push(await server.read(bytes(5)));
      server.close();
      // Deno ends the direction first, and lets go of the socket a moment later.
      await aWhile();
      seen.push(await client.read(bytes()), await outcome(() => client.write(bytes())));
      client.close();
      listener.close();
      return seen.map((one) => JSON.stringify(one));
    };
    const { value } = await simulate(program);
    assertEquals(value, await program());
  },
});
