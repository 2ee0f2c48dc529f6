import { assert, assertEquals } from "@std/assert";
import { Random } from "../../../../testing/conformance/random.ts";
import { EPOLL_EVENT, type Libc } from "../../../../transports/networks/epoll/libc/libc.ts";
import { loadLibc } from "../../../../transports/networks/epoll/libc/load_libc.ts";
import { reactorOf } from "../../../../transports/networks/epoll/_reactor.ts";
import {
  createEpollNetwork,
  epollNetwork,
} from "../../../../transports/networks/epoll/epoll_network.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { settle } from "../../../support/time/event_loop.ts";
import { Echo } from "../../../support/peers/echo.ts";
import "../../../support/runs/reactor_rests.ts";

const ignore = Deno.build.os !== "linux";
const real = ignore ? null as unknown as Libc : loadLibc();
/** The same library by another name, with a reactor of its own. */
const OTHER = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6"].find(isFile);
const other = OTHER === undefined ? epollNetwork : createEpollNetwork({ library: OTHER });

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

Deno.test({
  name: "A reactor passes over events of descriptors and generations that it does not have",
  ignore,
  fn: async () => {
    const random = new Random(7);
    const done = Promise.withResolvers<void>();
    let told = 0;
    const reads: number[] = [];
    const mine = real.eventfd(0, 0o2000000);
    const libc: Libc = {
      ...real,
      errno: 0,
      read: (fd, bytes, size) => {
        reads.push(fd);
        return real.read(fd, bytes, size);
      },
      "epoll_wait": (_set, events, max, _timeout) => {
        const bytes = events as Uint8Array<ArrayBuffer>;
        crypto.getRandomValues(bytes);
        const view = new DataView(bytes.buffer);
        const count = random.below(max + 1);
        for (let i = 0; i < count; i++) {
          const at = i * EPOLL_EVENT.size + EPOLL_EVENT.data;
          if (random.below(3) === 0) view.setInt32(at, mine, true);
          // The first generation is that of the descriptor.
          const generation = random.pick(0, 2, 3, 0xffff_ffff);
          view.setUint32(at + 4, generation, true);
        }
        if (told++ === 500) done.resolve();
        return random.below(10) === 0 ? -1 : count;
      },
      // Nothing was found.
      waitOnThread: () => Promise.resolve(1),
    };
    const events: number[] = [];
    const watch = reactorOf(libc).open(mine, { onReady: (found) => events.push(found) });
    await done.promise;
    assertEquals([events, reads.includes(mine)], [[], false]);
    assertEquals(watch.generation, 1);
    watch.close();
    assertEquals(reactorOf(libc).size, 0);
  },
});

Deno.test({
  name: "Two reactors of one thread serve each other",
  ignore,
  fn: async () => {
    const servers = [epollNetwork, other];
    for (const network of servers) {
      await using server = await createServer(() => new Echo(), { port: 0, network });
      const clients = [epollNetwork, other].map(async (network) => {
        let received = 0;
        const got = Promise.withResolvers<void>();
        const dataReceived = (chunk: Uint8Array) => {
          received += chunk.length;
          if (received === 1_000_000) got.resolve();
        };
        const { transport } = await createConnection(() => ({ dataReceived }), {
          port: server.port,
          network,
        });
        transport.write(new Uint8Array(1_000_000));
        await got.promise;
        transport.close();
        await transport.closed;
        return received;
      });
      assertEquals(await Promise.all(clients), [1_000_000, 1_000_000]);
      server.closeClients();
    }
    assert(reactorOf(real).size === 0);
  },
});

Deno.test({
  name: "Connections go on while all threads that Deno has for what blocks are taken",
  ignore,
  fn: async () => {
    const server = await createServer(() => new Echo(), { port: 0, network: epollNetwork });
    let got = Promise.withResolvers<void>();
    const { transport } = await createConnection(() => ({ dataReceived: () => got.resolve() }), {
      port: server.port,
      network: epollNetwork,
    });
    const set = real.epoll_create1(0o2000000);
    const end = real.eventfd(0, 0o2000000);
    const entry = new Uint8Array(EPOLL_EVENT.size);
    entry[0] = 1;
    real.epoll_ctl(set, 1, end, entry);
    const memory = real.calloc(1n, 16n);
    // More than there are threads: 32.
    const taken = Array.from({ length: 40 }, () => real.waitOnThread(set, memory, 1, -1));
    for (let i = 0; i < 3; i++) {
      got = Promise.withResolvers();
      transport.write("hello");
      await got.promise;
    }
    transport.close();
    await transport.closed;
    real.write(end, new Uint8Array(new BigUint64Array([1n]).buffer), 8n);
    await Promise.all(taken);
    for (const fd of [end, set]) real.close(fd);
    await server.shutdown({ grace: 0 });
  },
});

Deno.test({
  name: "A reactor waits on one thread, for any number of ref and unref calls",
  ignore,
  fn: async () => {
    let waits = 0;
    let mostWaits = 0;
    const libc: Libc = {
      ...real,
      errno: 0,
      waitOnThread: async (...args) => {
        mostWaits = Math.max(mostWaits, ++waits);
        const found = await real.waitOnThread(...args);
        waits--;
        return found;
      },
    };
    const ready = Promise.withResolvers<void>();
    const fd = real.eventfd(0, 0o2000000);
    const watch = reactorOf(libc).open(fd, { onReady: () => ready.resolve() });
    watch.interest = 1;
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j < 10; j++) {
        watch.isReferenced = false;
        watch.isReferenced = true;
      }
      await settle();
    }
    // As with an unreferenced server whose connections come and go.
    watch.isReferenced = false;
    for (let i = 0; i < 10; i++) {
      reactorOf(libc).open(real.eventfd(0, 0o2000000), { onReady: () => {} }).close();
    }
    watch.isReferenced = true;
    await settle();
    real.write(fd, new Uint8Array(new BigUint64Array([1n]).buffer), 8n);
    await ready.promise;
    watch.close();
    await settle();
    // That a thread has returned is told a little later.
    assert(mostWaits <= 2, `${mostWaits} waits at a time`);
    assertEquals(waits, 0);
  },
});
