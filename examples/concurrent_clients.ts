/**
 * Many clients at once, each written as a sequence of steps.
 *
 * A `TaskGroup` starts them and waits for all. If one failed, the signal of the others would abort,
 * and the program would end with that failure after all had ended. The server answers lines in
 * capitals, on loopback and in the same process. The program ends by itself.
 *
 *     deno run --allow-net examples/concurrent_clients.ts --clients 200 --lines 50
 *     deno task example concurrent_clients
 *
 * It needs `--allow-net`.
 *
 * @module
 */
import { openConnection, startServer, type StreamConnection, TaskGroup } from "@sluice/net";
import { readFlags, toCount } from "./_flags.ts";
import { runProgram } from "./_program.ts";

/** The server's side of one connection. */
async function shout({ reader, writer }: StreamConnection): Promise<void> {
  for await (const line of reader.lines()) {
    writer.write(`${line.toUpperCase()}\n`);
    await writer.drain();
  }
}

/** One client: sends its lines one by one and checks each answer. */
async function talk(port: number, name: string, lines: number, signal: AbortSignal): Promise<void> {
  await using connection = await openConnection({ port, signal });
  const { reader, writer } = connection;
  for (let i = 1; i <= lines; i++) {
    writer.write(`${name} says ${i}\n`);
    const answer = await reader.readline({ as: "text", signal });
    if (answer !== `${name.toUpperCase()} SAYS ${i}\n`) {
      throw new Error(`Client ${name} got a wrong answer: ${JSON.stringify(answer)}`);
    }
  }
}

await runProgram(async () => {
  const { clients, lines } = readFlags({
    clients: ["200", "how many clients connect", toCount],
    lines: ["50", "how many lines each of them sends", toCount],
  });
  await using server = await startServer(shout, { port: 0 });
  console.log(`${clients} clients connect to port ${server.port} and send ${lines} lines each`);

  const startedAt = performance.now();
  let done = 0;
  await TaskGroup.run((group) => {
    for (let i = 1; i <= clients; i++) {
      group.createTask(async (signal) => {
        await talk(server.port, `client ${i}`, lines, signal);
        if (++done % 50 === 0) console.log(`${done} clients are done`);
      });
    }
  });
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(`${clients * lines} answers in ${seconds.toFixed(2)} s, all of them right`);
});
