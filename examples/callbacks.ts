/**
 * Callbacks and promises together: callbacks ask a question, and the program awaits the answer.
 *
 * The client's protocol is a plain object whose `dataReceived` resolves a promise made by
 * `Promise.withResolvers`, as a future does in asyncio. The server counts primes. This takes a
 * while, so it uses a Worker, where asyncio has `run_in_executor`. Its `dataReceived` returns a
 * promise: until it settles, nothing more is read from that client, while the others are served.
 * The program ends by itself.
 *
 *     deno run --allow-net examples/callbacks.ts --limit 2000000
 *     deno task example callbacks
 *
 * It needs `--allow-net`.
 *
 * @module
 */
import { createConnection, createServer } from "@sluice/net";
import type { ProtocolCallbacks, Transport } from "@sluice/net";
import { readFlags } from "./_flags.ts";
import { runProgram } from "./_program.ts";

/** Runs in the Worker: it may use nothing from outside. */
function countPrimes(limit: number): number {
  let count = 0;
  for (let n = 2; n < limit; n++) {
    let divisor = 2;
    while (divisor * divisor <= n && n % divisor !== 0) divisor++;
    if (divisor * divisor > n) count++;
  }
  return count;
}

/** `countPrimes` on a thread of its own. A Worker made from a file would need `--allow-read`. */
async function countPrimesAside(limit: number): Promise<number> {
  const source = `onmessage = ({ data }) => postMessage((${countPrimes})(data));`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  const count = Promise.withResolvers<number>();
  worker.onmessage = ({ data }) => count.resolve(data);
  worker.onerror = ({ message }) => count.reject(new Error(`Cannot count primes: ${message}`));
  worker.postMessage(limit);
  try {
    return await count.promise;
  } finally {
    worker.terminate();
    URL.revokeObjectURL(url);
  }
}

/** The server's side: answers a limit with the number of primes below it. */
function primeCounter(): ProtocolCallbacks {
  let transport: Transport;
  return {
    connectionMade(made): void {
      transport = made;
    },
    async dataReceived(chunk): Promise<void> {
      const limit = Number(new TextDecoder().decode(chunk));
      transport.write(String(await countPrimesAside(limit)));
    },
  };
}

/** The client's side: asks one question, and resolves to the answer. */
async function ask(port: number, limit: number): Promise<string> {
  const answer = Promise.withResolvers<string>();
  const { transport } = await createConnection(
    () => ({
      dataReceived: (chunk) => answer.resolve(new TextDecoder().decode(chunk)),
      // Where the answer has come this does nothing: a promise settles once.
      connectionLost: (error) => answer.reject(error ?? new Error("The server did not answer")),
    }),
    { port },
  );
  transport.write(String(limit));
  try {
    return await answer.promise;
  } finally {
    transport.close();
  }
}

await runProgram(async () => {
  const { limit } = readFlags({ limit: [2_000_000, "count the primes below this number"] });
  await using server = await createServer(primeCounter, { port: 0 });
  const report = async (below: number): Promise<void> => {
    console.log(`how many primes below ${below}?`);
    console.log(`${await ask(server.port, below)} primes below ${below}`);
  };
  // The short question is answered while the long one is still being worked on.
  await Promise.all([report(limit), report(100)]);
});
