import {
  createServer,
  framed,
  lineCodec,
  openConnection,
  type StreamConnection,
} from "@sluice/net";
import { deadline } from "@std/async";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Room } from "../../../examples/chat_server.ts";
import { runExample, startExample, testWithSignals } from "../run_example.ts";

/** The longest wait for a line, in milliseconds. */
const PATIENCE_MS = 60_000;

/** A guest of the chat. */
class Guest implements AsyncDisposable {
  readonly connection: StreamConnection;
  readonly #lines;

  constructor(connection: StreamConnection) {
    this.connection = connection;
    this.#lines = framed(connection, lineCodec());
  }

  /** Comes in under a name, after everything that is said at the door. */
  static async join(port: number, name: string): Promise<Guest> {
    const guest = new Guest(await openConnection({ port }));
    await guest.say(name);
    await guest.hear(/^\* welcome/);
    return guest;
  }

  async say(line: string): Promise<void> {
    await this.#lines.send(line);
  }

  /** Listens up to a line that matches, and returns it. */
  async hear(pattern: RegExp): Promise<string> {
    for (;;) {
      const line = await deadline(this.#lines.receive(), PATIENCE_MS);
      if (line === undefined) throw new Error(`No line was like ${pattern}`);
      if (pattern.test(line)) return line;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lines.close();
  }
}

testWithSignals("chat_server passes on what is said, and who comes and goes", async () => {
  await using server = startExample("chat_server", ["--port", "0"]);
  const port = await server.port();
  await using ada = await Guest.join(port, "Ada");
  await using bob = await Guest.join(port, "Bob");
  await ada.hear(/^\* Bob has joined$/);
  await bob.say("hello\u001b[31m");
  assertEquals(await ada.hear(/^Bob: /), "Bob: hello [31m");
  await ada.say("/who");
  assertEquals(await ada.hear(/^\* here/), "* here are Ada, Bob");
  await bob.say("/quit");
  await ada.hear(/^\* Bob has left$/);
  const { code, stderr } = await server.stop("SIGTERM");
  assertEquals([code, stderr], [0, []]);
});

Deno.test("chat_server asks again for a name that is taken or not valid", async () => {
  await using server = await createServer(new Room().enter, { port: 0 });
  await using _ada = await Guest.join(server.port, "Ada");
  await using other = new Guest(await openConnection({ port: server.port }));
  await other.say("Ada");
  await other.hear(/^That name is taken$/);
  await other.say("two words");
  await other.hear(/^Letters and digits only/);
  await other.say("Änne_2");
  await other.hear(/^\* welcome, Änne_2/);
});

Deno.test("chat_server says that a line is too long or no text, and goes on", async () => {
  await using server = await createServer(new Room().enter, { port: 0 });
  await using ada = await Guest.join(server.port, "Ada");
  await using bob = await Guest.join(server.port, "Bob");
  ada.connection.writer.write(`${"x".repeat(5000)}\n`);
  await ada.hear(/at most 1000 bytes/);
  ada.connection.writer.write(new Uint8Array([255, 10]));
  await ada.hear(/at most 1000 bytes/);
  await ada.say("short");
  assertEquals(await bob.hear(/^Ada: /), "Ada: short");
});

Deno.test("chat_server lets a slow user neither delay other users nor fill the memory", async () => {
  const room = new Room();
  await using server = await createServer(room.enter, { port: 0 });
  await using ada = await Guest.join(server.port, "Ada");
  await using bob = await Guest.join(server.port, "Bob");
  await using slow = await Guest.join(server.port, "Slow");
  slow.connection.transport.pauseReading();
  const lines = 40_000;
  let mostWaiting = 0;
  for (let i = 0; i < lines; i++) {
    await ada.say(`${i} ${"x".repeat(500)}`);
    if (i % 500 < 499) continue;
    // Bob hears it at once, though Slow does not.
    await bob.hear(new RegExp(`^Ada: ${i} `));
    const waiting = [...server.connections].map((transport) => transport.getWriteBufferSize());
    mostWaiting = Math.max(mostWaiting, ...waiting);
  }
  assert(mostWaiting > 1_048_576, `Slow was never slow: ${mostWaiting} bytes waited`);
  assert(mostWaiting < 1_050_000, `${mostWaiting} bytes waited for one user`);
  slow.connection.transport.resumeReading();
  const missed = await slow.hear(/too slow/);
  assertMatch(missed, /^\* you were too slow and missed \d+ lines$/);
  await ada.say("still there?");
  assertEquals(await slow.hear(/^Ada: still/), "Ada: still there?");
});

Deno.test("chat_server serves all other users in full while one user never reads", async () => {
  const room = new Room();
  await using server = await createServer(room.enter, { port: 0 });
  await using ada = await Guest.join(server.port, "Ada");
  await using bob = await Guest.join(server.port, "Bob");
  const others = [...server.connections];
  const deaf = await Deno.connect({ port: server.port });
  await deaf.write(new TextEncoder().encode("Deaf\n"));
  await ada.hear(/^\* Deaf has joined$/);
  const [ofDeaf] = [...server.connections].filter((transport) => !others.includes(transport));
  const text = "x".repeat(900);
  let spoken = 0;
  // Until nothing goes out to Deaf any more, and as much again.
  for (let full = 0; full < 2000; spoken++) {
    await ada.say(`${spoken} ${text}`);
    // Bob hears every line, and before the next one is said.
    assertEquals(await bob.hear(/^Ada: /), `Ada: ${spoken} ${text}`);
    const waiting = others.map((transport) => transport.getWriteBufferSize());
    assert(Math.max(...waiting) < 5000, `${waiting} bytes wait for those who read`);
    if ((ofDeaf?.getWriteBufferSize() ?? 0) > 1_048_576) full++;
  }
  assert((ofDeaf?.getWriteBufferSize() ?? 0) < 1_050_000, "more and more waits for Deaf");
  // Who does not read may still speak.
  await deaf.write(new TextEncoder().encode("I am here\n"));
  assertEquals(await bob.hear(/^Deaf: /), "Deaf: I am here");
  deaf.close();
  await bob.hear(/^\* Deaf has left$/);
});

Deno.test("chat_server ends with one line when its port is in use", async () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const outcome = await runExample("chat_server", ["--port", String(other.addr.port)]);
  assertEquals([outcome.code, outcome.stderr.length], [1, 1]);
});
