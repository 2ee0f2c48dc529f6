import { assert, assertEquals } from "@std/assert";
import type { Transport } from "../../../../protocols/contract.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { epollNetwork as network } from "../../../../transports/networks/epoll/epoll_network.ts";
import { loadLibc } from "../../../../transports/networks/epoll/libc/load_libc.ts";
import { reactorOf } from "../../../../transports/networks/epoll/_reactor.ts";
import { Echo } from "../../../support/peers/echo.ts";
import { testWith } from "../../../support/peers/outside_peer.ts";
import { testAlone } from "../../../support/runs/alone_test.ts";
import "../../../support/runs/reactor_rests.ts";

const ignore = Deno.build.os !== "linux";
/** How many connections come and go: `EPOLL_CHURN=2000000` for as many as in a day. */
const CONNECTIONS = Number(Deno.env.get("EPOLL_CHURN") ?? 2000);
const AT_A_TIME = 50;

/** Connects, has something echoed, and ends in one of the ways there are. */
async function visit(port: number, way: number): Promise<void> {
  const got = Promise.withResolvers<void>();
  const { transport } = await createConnection(
    () => ({ dataReceived: () => got.resolve(), connectionLost: () => got.resolve() }),
    { port, network },
  );
  transport.write("hello");
  if (way !== 0) await got.promise;
  if (way === 1) transport.abort();
  else if (way === 2) transport.abort({ reset: true });
  else transport.close();
  await transport.closed;
}

// Alone, as the memory is that of the process.
testAlone(
  import.meta.url,
  "Connections that come and go leave no descriptor and no memory",
  async () => {
    const server = await createServer(() => new Echo(), { port: 0, network });
    const visitAll = async (count: number) => {
      for (let done = 0; done < count; done += AT_A_TIME) {
        const visits = Array.from({ length: AT_A_TIME }, (_, i) => visit(server.port, i % 4));
        await Promise.all(visits);
      }
    };
    await visitAll(AT_A_TIME * 10);
    const before = Deno.memoryUsage().rss;
    await visitAll(CONNECTIONS);
    const grown = Deno.memoryUsage().rss - before;
    await server.shutdown({ grace: 0 });
    assertEquals(reactorOf(loadLibc()).size, 0);
    // Garbage is collected when the engine sees fit.
    assert(grown < 300_000_000, `${grown} bytes more`);
  },
  ignore,
);

Deno.test({
  name: "Each Worker has a reactor of its own, and its sockets beside those of the others",
  ignore,
  fn: async () => {
    const program = `
      import { createServer } from ${JSON.stringify(import.meta.resolve("@sluice/net"))};
      import { epollNetwork as network } from ${
      JSON.stringify(import.meta.resolve("@sluice/net/epoll"))
    };
      let transport;
      const server = await createServer(() => ({
        connectionMade: (made) => transport = made,
        dataReceived: (chunk) => transport.write(chunk),
      }), { port: 0, network });
      self.onmessage = async () => {
        await server.shutdown({ grace: 0 });
        self.postMessage(0);
        self.close();
      };
      self.postMessage(server.port);
    `;
    const url = `data:application/javascript,${encodeURIComponent(program)}`;
    const workers = [0, 1].map(() => new Worker(url, { type: "module" }));
    const said = (worker: Worker) =>
      new Promise<number>((resolve) => {
        worker.onmessage = ({ data }) => resolve(data);
      });
    const ports = await Promise.all(workers.map(said));
    for (let i = 0; i < 20; i++) await Promise.all(ports.map((port) => visit(port, 3)));
    const ends = workers.map(said);
    for (const worker of workers) worker.postMessage("end");
    assertEquals(await Promise.all(ends), [0, 0]);
    for (const worker of workers) worker.terminate();
  },
});

testWith("python3", "A stopped peer does not delay the others", async () => {
  if (ignore) return;
  const { promise: accepted, resolve } = Promise.withResolvers<Transport>();
  const server = await createServer(() => ({ connectionMade: resolve }), { port: 0, network });
  const child = new Deno.Command("python3", {
    args: [
      "-c",
      "import socket,sys\ns=socket.create_connection(('127.0.0.1',int(sys.argv[1])))\n" +
      "print('in',flush=True)\nn=0\nwhile True:\n b=s.recv(65536)\n if not b: break\n n+=len(b)\nprint(n)",
      `${server.port}`,
    ],
    stdout: "piped",
  }).spawn();
  const output = child.stdout.getReader();
  await output.read();
  const stopped = await accepted;
  await using echo = await createServer(() => new Echo(), { port: 0, network });
  child.kill("SIGSTOP");
  const size = 40_000_000;
  stopped.write(new Uint8Array(size));
  await visit(echo.port, 3);
  assert(stopped.getWriteBufferSize() > 0, "the stopped peer took everything");
  child.kill("SIGCONT");
  stopped.close();
  let said = "";
  for (let step = await output.read(); !step.done; step = await output.read()) {
    said += new TextDecoder().decode(step.value);
  }
  assertEquals(said.trim(), `${size}`);
  await child.status;
  await server.shutdown({ grace: 0 });
});
