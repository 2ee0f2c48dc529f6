/**
 * A client for Redis, and for server.ts: commands are pipelined, answers come back in order,
 * published messages in between.
 *
 * Runs one command, or a small tour where none is given.
 *
 *     deno run --allow-net examples/redis/client.ts --port 6380 --command "SET greeting hello"
 *     deno task example redis/client --port 6380 --command "SET greeting hello"
 *
 * It needs `--allow-net`; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import {
  ConnectionLostError,
  framed,
  type FramedConnection,
  openConnection,
  type StreamConnection,
} from "@sluice/net";
import { connectFlags, readFlags } from "../_flags.ts";
import { runProgram } from "../_program.ts";
import { Push, RespCodec, RespError, type RespValue } from "./resp.ts";
import type { Text } from "./store.ts";

/** A command that the server refused. */
export class RedisError extends Error {
  /** The first word of what it said, such as `WRONGTYPE`. */
  readonly code: string;

  /** Takes what the server said. */
  constructor({ message, code }: RespError) {
    super(message);
    this.name = "RedisError";
    this.code = code;
  }
}

/** A connection to Redis, in version 3 of its protocol. */
export class RedisClient implements AsyncDisposable {
  /** Gets the messages that the server sends without a command, such as published ones. */
  onPush: (values: readonly RespValue[]) => void = () => {};
  readonly #messages: FramedConnection<RespValue>;
  readonly #waiting: PromiseWithResolvers<RespValue>[] = [];
  readonly #received: Promise<void>;
  #failure: Error | null = null;

  /** Takes over a connection; {@linkcode connect} makes one. */
  constructor(connection: StreamConnection) {
    this.#messages = framed(connection, new RespCodec());
    this.#received = this.#receive();
  }

  /** Connects and agrees on the protocol. */
  static async connect(options: Parameters<typeof openConnection>[0]): Promise<RedisClient> {
    const client = new RedisClient(await openConnection(options));
    await client.command("HELLO", "3");
    return client;
  }

  /**
   * Runs a command. Several may be under way at once.
   *
   * @throws {RedisError} If the server refuses it.
   * @throws {ConnectionLostError} If the connection is gone.
   */
  async command(...words: (Text | number)[]): Promise<RespValue> {
    if (this.#failure !== null) throw this.#failure;
    const answer = Promise.withResolvers<RespValue>();
    this.#waiting.push(answer);
    const command = words.map((word) => typeof word === "number" ? String(word) : word);
    // A failure ends the connection, and so fails the answer too.
    this.#messages.send(command).catch(() => {});
    const value = await answer.promise;
    if (value instanceof RespError) throw new RedisError(value);
    return value;
  }

  /** Ends the connection; commands under way fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#messages.close();
    await this.#received;
  }

  async #receive(): Promise<void> {
    try {
      for await (const message of this.#messages) {
        if (message instanceof Push) this.#take(message);
        else this.#waiting.shift()?.resolve(message);
      }
      this.#failure = new ConnectionLostError("The server has closed the connection");
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
    for (const answer of this.#waiting.splice(0)) answer.reject(this.#failure);
  }

  /** Of pushed messages, only the start or end of a subscription answers a command. */
  #take({ values }: Push): void {
    const isAnswer = /^p?(?:un)?subscribe$/.test(String(values[0]));
    if (isAnswer) this.#waiting.shift()?.resolve(values);
    else this.onPush(values);
  }
}

/** A value as text, on one line or several. */
function show(value: RespValue): string {
  if (typeof value === "string") return value;
  if (value instanceof Map) {
    return Array.from(value, (pair) => pair.map(show).join(": ")).join("\n");
  }
  if (Array.isArray(value)) return value.map(show).join("\n");
  return value instanceof Uint8Array ? `${value.length} bytes` : String(value);
}

/** Shows what the server can do, one command at a time. */
async function tour(client: RedisClient, listener: RedisClient): Promise<void> {
  const news = Promise.withResolvers<readonly RespValue[]>();
  listener.onPush = news.resolve;
  await listener.command("SUBSCRIBE", "news");
  const commands: [string, ...(string | number)[]][] = [
    ["SET", "greeting", "hello", "EX", 60],
    ["GET", "greeting"],
    ["TTL", "greeting"],
    ["INCRBY", "visits", 3],
    ["RPUSH", "queue", "first", "second"],
    ["LRANGE", "queue", 0, -1],
    ["HSET", "ada", "born", 1815],
    ["HGETALL", "ada"],
    ["PUBLISH", "news", "all is well"],
    ["DEL", "greeting", "visits", "queue", "ada"],
  ];
  // All of them are sent at once.
  const answers = await Promise.all(commands.map((words) => client.command(...words)));
  for (const [i, words] of commands.entries()) {
    console.log(`${words.join(" ")} -> ${show(answers[i] ?? null).replaceAll("\n", ", ")}`);
  }
  console.log(`heard: ${show(await news.promise).replaceAll("\n", ", ")}`);
}

if (import.meta.main) {
  await runProgram(async () => {
    const { command, ...endpoint } = readFlags({
      ...connectFlags(6380),
      command: [undefined, "the command to run, in words (default: a tour of several commands)"],
    });
    await using client = await RedisClient.connect(endpoint);
    if (command !== undefined) {
      return console.log(show(await client.command(...command.split(" "))));
    }
    await using listener = await RedisClient.connect(endpoint);
    await tour(client, listener);
  });
}
