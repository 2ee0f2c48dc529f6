/**
 * Clients send numbered requests, several at a time, and after each failure connect again and
 * repeat
 * those without an answer. The server has each request once and in order at the end.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { framed, jsonLinesCodec, openConnection, startServer } from "@sluice/net";
import { failOnAssertion, pause, type Scenario } from "../scenario.ts";

interface Request {
  readonly client: string;
  readonly sequence: number;
  readonly text: string;
}

interface Answer {
  readonly sequence: number;
  readonly text: string;
}

// Values that arrive are checked where they are used.
const toRequest = (value: unknown): Request => value as Request;
const toAnswer = (value: unknown): Answer => value as Answer;

const COUNT = 40;
const WINDOW = 5;

function textOf(client: string, sequence: number): string {
  return `${client} ${sequence} `.repeat(1 + (sequence * 37) % 200);
}

async function serve(journal: Map<string, number[]>): Promise<void> {
  await using server = await startServer(async (connection) => {
    const messages = framed(connection, jsonLinesCodec<Request, Answer>({ parse: toRequest }));
    for await (const { client, sequence, text } of messages) {
      assertEquals(text, textOf(client, sequence));
      const done = journal.get(client) ?? [];
      journal.set(client, done);
      if (sequence === done.length) done.push(sequence);
      if (sequence < done.length) await messages.send({ sequence, text: text.toUpperCase() });
    }
  }, { hostname: "0.0.0.0", port: 7, onError: failOnAssertion });
  await server.serveForever();
}

/** Sends requests until the connection fails or all are answered; returns how many are. */
async function ask(client: string, first: number): Promise<number> {
  await using connection = await openConnection({
    hostname: "server",
    port: 7,
    connectTimeout: 5000,
  });
  const messages = framed(connection, jsonLinesCodec<Answer, Request>({ parse: toAnswer }));
  let sent = first;
  let answered = first;
  try {
    while (answered < COUNT) {
      for (; sent < Math.min(COUNT, answered + WINDOW); sent++) {
        await messages.send({ client, sequence: sent, text: textOf(client, sent) });
      }
      const answer = await messages.receive({ timeout: 5000 });
      if (answer === undefined) return answered;
      const { sequence, text } = answer;
      assertEquals([sequence, text], [answered, textOf(client, answered).toUpperCase()]);
      answered++;
      if (Math.random() < 0.2) await pause(Math.random() * 1000);
    }
  } catch (error) {
    failOnAssertion(error);
    connection.transport.abort();
  }
  return answered;
}

/** The scenarios. */
export const requests: readonly Scenario[] = [{
  name: "framed() neither loses, repeats nor mixes up messages when connections fail",
  runs: 80,
  options: {
    latency: [1, 30],
    loss: 0.005,
    chaos: { interval: 500, duration: 4000, until: 30_000 },
  },
  async main(world): Promise<void> {
    const journal = new Map<string, number[]>();
    world.host("server", () => serve(journal));
    const run = async (name: string): Promise<void> => {
      for (let answered = 0; answered < COUNT;) {
        try {
          answered = await ask(name, answered);
        } catch (error) {
          failOnAssertion(error);
          await pause(500);
        }
      }
    };
    const names = ["ann", "bob", "cy"];
    await Promise.all(names.map((name) => world.client(name, () => run(name))));
    const all = Array.from({ length: COUNT }, (_, index) => index);
    for (const name of names) assertEquals(journal.get(name), all);
  },
}];
