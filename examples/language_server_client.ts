/**
 * A client of a language server, which it runs itself: `deno lsp`, over its stdin and stdout.
 *
 * Messages are JSON with their length in front. The client opens a document, asks what a name in it
 * is, and asks again after the server has died in between: a server that dies is started anew, and
 * told of the document again. At the end it is asked to stop, as the protocol has it.
 *
 *     deno run --allow-run --allow-env examples/language_server_client.ts
 *     deno task example language_server_client
 *
 * It needs `--allow-run --allow-env`.
 *
 * @module
 */
import {
  type Codec,
  connectProcess,
  framed,
  type FramedConnection,
  mapCodec,
  StreamConnection,
} from "@sluice/net";
import { contentLengthCodec } from "@sluice/net/codecs";
import type { ProcessExit } from "@sluice/net/transports";
import { readFlags, toCount } from "./_flags.ts";
import { runProgram } from "./_program.ts";

const DOCUMENT = { uri: "file:///example.ts", languageId: "typescript", version: 1 };
const TEXT = "const answer: number = 42;\nanswer;\n";

/** A message of the server. */
interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

function jsonCodec(): Codec<Message, object> {
  return mapCodec(contentLengthCodec(), {
    decode: ({ body }) => JSON.parse(new TextDecoder().decode(body)) as Message,
    encode: (value: object) => JSON.stringify(value),
  });
}

/** One run of the server: from its start to its death. */
class ServerRun {
  readonly pid: number;
  /** Resolves when the process has ended. */
  readonly exited: Promise<ProcessExit>;
  readonly #messages: FramedConnection<Message, object>;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #lastId = 0;

  private constructor(
    messages: FramedConnection<Message, object>,
    pid: number,
    exited: Promise<ProcessExit>,
  ) {
    this.#messages = messages;
    this.pid = pid;
    this.exited = exited;
    void this.#receive();
  }

  /** Starts the server and introduces the client. */
  static async start(): Promise<ServerRun> {
    const { transport, exited } = await connectProcess(() => ({}), Deno.execPath(), {
      args: ["lsp", "--quiet"],
      stderr: "null",
    });
    const messages = framed(StreamConnection.over(transport), jsonCodec());
    const run = new ServerRun(messages, transport.getExtraInfo("pid") ?? 0, exited);
    await run.request("initialize", {
      processId: Deno.pid,
      rootUri: null,
      capabilities: {},
      initializationOptions: { enable: true },
    });
    await run.notify("initialized", {});
    await run.notify("textDocument/didOpen", { textDocument: { ...DOCUMENT, text: TEXT } });
    return run;
  }

  /** Asks, and waits for the answer. Rejects if the server dies before. */
  async request(method: string, params?: unknown): Promise<unknown> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(id, answer);
    await this.#messages.send({ jsonrpc: "2.0", id, method, params });
    return await answer.promise;
  }

  /** Tells something that has no answer. */
  async notify(method: string, params?: unknown): Promise<void> {
    await this.#messages.send({ jsonrpc: "2.0", method, params });
  }

  async #receive(): Promise<void> {
    try {
      for await (const message of this.#messages) await this.#take(message);
    } catch {
      // The connection says no more than that the server is gone.
    }
    const { code } = await this.exited;
    for (const answer of this.#waiting.values()) {
      answer.reject(new Error(`The server has ended with code ${code}`));
    }
  }

  async #take({ id, method, result, error }: Message): Promise<void> {
    if (method !== undefined) {
      // Requests of the server: there is nothing to configure or to register.
      if (id !== undefined) await this.#messages.send({ jsonrpc: "2.0", id, result: null });
      return;
    }
    const answer = this.#waiting.get(Number(id));
    this.#waiting.delete(Number(id));
    if (error !== undefined) answer?.reject(new Error(error.message));
    else answer?.resolve(result);
  }
}

/** A language server that is started anew when it has died. */
class LanguageServer {
  #run: ServerRun | null = null;
  #restarts = -1;

  /** How often it was started anew. */
  get restarts(): number {
    return this.#restarts;
  }

  /** The process that runs now. */
  async run(): Promise<ServerRun> {
    if (this.#run === null) {
      const run = await ServerRun.start();
      this.#restarts++;
      this.#run = run;
      void run.exited.then(() => this.#run = null);
    }
    return this.#run;
  }

  /** The hover text of a place in the document, as JSON. */
  async hover(line: number, character: number): Promise<string> {
    const run = await this.run();
    const result = await run.request("textDocument/hover", {
      textDocument: { uri: DOCUMENT.uri },
      position: { line, character },
    });
    return JSON.stringify(result);
  }

  /** Has the server stop. */
  async stop(): Promise<ProcessExit> {
    const run = await this.run();
    await run.request("shutdown");
    await run.notify("exit");
    return await run.exited;
  }
}

await runProgram(async () => {
  const { deaths } = readFlags({
    deaths: ["1", "how often the server dies in between", toCount],
  });
  const server = new LanguageServer();
  for (let death = 0; death <= deaths; death++) {
    const answer = await server.hover(1, 2);
    console.log(/const answer: number/.test(answer) ? "answer is a number" : `answer: ${answer}`);
    if (death === deaths) break;
    const { pid, exited } = await server.run();
    Deno.kill(pid, "SIGKILL");
    console.log(`the server was killed: ${(await exited).signal}`);
  }
  const { code } = await server.stop();
  console.log(`restarts: ${server.restarts}, exit code of the last server: ${code}`);
});
