/** A Redis client: pipelining, a deadline for each command, and a new connection after a loss. */
import {
  ConnectionLostError,
  openConnection,
  type StreamConnection,
  TimeoutError,
} from "@sluice/net";
import type { StreamReader } from "@sluice/net/streams";
import { delay } from "@std/async";

/** A reply of Redis. */
export type Reply = string | number | null | RedisError | readonly Reply[];

/** An answer that is an error. */
export class RedisError extends Error {
  override readonly name = "RedisError";
}

/** Reads an answer of RESP2. */
async function readReply(reader: StreamReader): Promise<Reply> {
  const line = await reader.readuntil("\r\n", { as: "text" });
  const rest = line.slice(1, -2);
  switch (line[0]) {
    case "+":
      return rest;
    case "-":
      return new RedisError(rest);
    case ":":
      return Number(rest);
    case "$": {
      if (rest === "-1") return null;
      const bytes = await reader.readexactly(Number(rest) + 2);
      return new TextDecoder().decode(bytes.subarray(0, -2));
    }
    case "*": {
      if (rest === "-1") return null;
      const replies: Reply[] = [];
      while (replies.length < Number(rest)) replies.push(await readReply(reader));
      return replies;
    }
  }
  throw new SyntaxError(`Cannot read answer: ${JSON.stringify(line)}`);
}

function encode(command: readonly (string | number)[]): string {
  const parts = command.map(String).map((part) => {
    return `$${new TextEncoder().encode(part).length}\r\n${part}\r\n`;
  });
  return `*${parts.length}\r\n${parts.join("")}`;
}

/** Options of a client. */
export interface RedisOptions {
  readonly port: number;
  /** How long an answer may take, in milliseconds. */
  readonly timeout: number;
  /** The longest pause between two attempts to connect, in milliseconds. */
  readonly maxPause: number;
}

/** A client, which connects by itself and again. */
export class RedisClient implements AsyncDisposable {
  readonly #options: RedisOptions;
  readonly #closing = new AbortController();
  readonly #due: (PromiseWithResolvers<Reply> & { readonly sentAt: number })[] = [];
  #connecting: Promise<StreamConnection> | null = null;

  constructor(options: RedisOptions) {
    this.#options = options;
  }

  /** Sends a command; commands that are not awaited go out together. */
  async send(...command: readonly (string | number)[]): Promise<Reply> {
    const connecting = this.#connecting ??= this.#connect();
    const connection = await connecting;
    // It may have been lost in between, and nothing would tell of an answer that does not come.
    if (connecting !== this.#connecting) return await this.send(...command);
    const answer = { ...Promise.withResolvers<Reply>(), sentAt: performance.now() };
    this.#due.push(answer);
    connection.writer.write(encode(command));
    const reply = await answer.promise;
    if (reply instanceof RedisError) throw reply;
    return reply;
  }

  async #connect(): Promise<StreamConnection> {
    const { port, maxPause } = this.#options;
    const { signal } = this.#closing;
    for (let pause = 10;; pause = Math.min(2 * pause, maxPause)) {
      try {
        const connection = await openConnection({ port, signal });
        void this.#receive(connection);
        return connection;
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
        await delay(pause, { signal });
      }
    }
  }

  /** Gives the answers to those who wait, until the connection fails. */
  async #receive(connection: StreamConnection): Promise<void> {
    const { reader, transport } = connection;
    const { timeout } = this.#options;
    try {
      for (;;) {
        try {
          if ((await reader.peek(1, { timeout })).length === 0) throw new ConnectionLostError();
          const reply = await readReply(reader);
          this.#due.shift()?.resolve(reply);
        } catch (error) {
          const isDue = performance.now() - (this.#due[0]?.sentAt ?? Infinity) >= timeout;
          if (!(error instanceof TimeoutError) || isDue) throw error;
        }
      }
    } catch (error) {
      this.#connecting = null;
      transport.abort();
      for (const { reject } of this.#due.splice(0)) reject(error);
    }
  }

  /** Ends the connection; commands without an answer fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const connection = await this.#connecting?.catch(() => null);
    await connection?.close();
  }
}
