import {
  type Bytes,
  FramedProtocol,
  FrameError,
  StreamConnection,
  type Transport,
} from "@sluice/net";
import {
  type Client,
  type Command,
  CommandError,
  type Commands,
  NO_REPLY,
  type Reply,
  type ServerState,
  toWord,
} from "./command.ts";
import { HASH_COMMANDS } from "./hash_commands.ts";
import { KEY_COMMANDS } from "./key_commands.ts";
import { LIST_COMMANDS } from "./list_commands.ts";
import type { Subscriber } from "./pub_sub.ts";
import { CommandCodec } from "./command_codec.ts";
import { Push, RespError, type RespValue } from "./resp.ts";
import { SERVER_COMMANDS } from "./server_commands.ts";
import { type Text, WrongTypeError } from "./store.ts";
import { STRING_COMMANDS } from "./string_commands.ts";

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.entries<Command>(
    {
      ...STRING_COMMANDS,
      ...KEY_COMMANDS,
      ...LIST_COMMANDS,
      ...HASH_COMMANDS,
      ...SERVER_COMMANDS,
    } satisfies Commands,
  ),
);

/** The commands of a client of version 2 while it has subscriptions. */
const SUBSCRIBED_COMMANDS = [
  "SUBSCRIBE",
  "UNSUBSCRIBE",
  "PSUBSCRIBE",
  "PUNSUBSCRIBE",
  "PING",
  "QUIT",
];

/**
 * The first words of an HTTP request: a page in a browser may send one across protocols, with
 * commands in its body. Redis ends such a connection too.
 */
const HTTP_WORDS = ["POST", "HOST:"];
/** How many characters of answers are collected for one write. */
const MAX_ANSWERS = 65_536;
/** How many characters of an unknown command the answer repeats. */
const MAX_SHOWN = 128;

/** How long a client that is refused may go on sending, in milliseconds. */
const LINGER_MS = 5000;

/** The events of a session. */
export interface SessionEvents {
  /** The connection is made. */
  onOpen(session: Session): void;
  /** The connection is lost. */
  onClose(session: Session): void;
  /** A command has arrived. */
  onCommand(): void;
}

/**
 * The conversation with one client: commands in, answers out.
 *
 * The answers to all commands of one chunk are one write, at the end of the turn. While a client
 * does not read its answers, the server reads no further commands of it.
 */
export class Session extends FramedProtocol<readonly Text[], RespValue>
  implements Client, Subscriber {
  readonly id: number;
  readonly server: ServerState;
  name = "";
  readonly #events: SessionEvents;
  readonly #codec: CommandCodec;
  readonly #subscriptions = { channel: new Set<string>(), pattern: new Set<string>() };
  #answers = "";
  #isFlushing = false;
  #hasQuit = false;
  #isPaused = false;

  /** Begins with `connectionMade`. */
  constructor(id: number, server: ServerState, events: SessionEvents) {
    const codec = new CommandCodec();
    super(codec);
    this.id = id;
    this.server = server;
    this.#events = events;
    this.#codec = codec;
  }

  get version(): 2 | 3 {
    return this.#codec.version;
  }

  set version(version: 2 | 3) {
    this.#codec.version = version;
  }

  override connectionMade(transport: Transport): void {
    super.connectionMade(transport);
    this.#events.onOpen(this);
  }

  override connectionLost(error: Error | null): void {
    super.connectionLost(error);
    for (const kind of ["channel", "pattern"] as const) {
      for (const name of this.#subscriptions[kind]) {
        this.server.pubSub.unsubscribe(kind, name, this);
      }
    }
    this.#events.onClose(this);
  }

  override pauseWriting(): void {
    super.pauseWriting();
    this.#isPaused = true;
  }

  override resumeWriting(): void {
    super.resumeWriting();
    this.#isPaused = false;
  }

  override dataReceived(chunk: Bytes): void | Promise<void> {
    try {
      return super.dataReceived(chunk);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#end(error.message);
    }
  }

  override messageReceived(message: readonly Text[]): void | Promise<void> {
    if (this.#hasQuit) return;
    this.#events.onCommand();
    const reply = this.#execute(message);
    if (reply !== NO_REPLY) this.#answer(reply);
    if (this.#isPaused) return this.drain();
  }

  quit(): void {
    this.#hasQuit = true;
    queueMicrotask(() => {
      this.#flush();
      this.transport.close();
    });
  }

  /** Tells the client why the connection ends. It still sends, so that a reset would hide that. */
  #end(reason: string): void {
    this.#hasQuit = true;
    this.#answer(new RespError(`ERR ${reason}`));
    this.#flush();
    void StreamConnection.over(this.transport).close({ linger: LINGER_MS })
      .then(({ error }) => this.connectionLost(error));
  }

  subscribe(kind: "channel" | "pattern", names: readonly string[]): void {
    for (const name of names) {
      this.#subscriptions[kind].add(name);
      this.server.pubSub.subscribe(kind, name, this);
      this.#confirm("subscribe", kind, name);
    }
  }

  unsubscribe(kind: "channel" | "pattern", names: readonly string[]): void {
    const all = names.length === 0 ? [...this.#subscriptions[kind]] : names;
    for (const name of all) {
      this.#subscriptions[kind].delete(name);
      this.server.pubSub.unsubscribe(kind, name, this);
      this.#confirm("unsubscribe", kind, name);
    }
    if (all.length === 0) this.#confirm("unsubscribe", kind, null);
  }

  hear(channel: string, message: Text, pattern?: string): void {
    const values = pattern === undefined
      ? ["message", channel, message]
      : ["pmessage", pattern, channel, message];
    this.#answer(new Push(values));
  }

  get #subscribed(): number {
    return this.#subscriptions.channel.size + this.#subscriptions.pattern.size;
  }

  #confirm(action: string, kind: "channel" | "pattern", name: string | null): void {
    this.#answer(new Push([kind === "pattern" ? `p${action}` : action, name, this.#subscribed]));
  }

  #execute([first = "", ...args]: readonly Text[]): Reply {
    const name = toWord(first);
    const command = COMMANDS.get(name) ?? COMMANDS.get(name.toUpperCase());
    if (command === undefined) return this.#refuse(name, args);
    const [least, most, run] = command;
    if (args.length < least || args.length > most) {
      return new RespError(`ERR wrong number of arguments for '${name.toLowerCase()}' command`);
    }
    if (this.#subscribed > 0 && !this.#mayRun(name.toUpperCase())) {
      return new RespError(`ERR Can't execute '${name.toLowerCase()}' while subscribed`);
    }
    try {
      return run(args, this);
    } catch (error) {
      const isExpected = error instanceof CommandError || error instanceof WrongTypeError;
      if (isExpected) return new RespError(error.message);
      throw error;
    }
  }

  #refuse(name: string, args: readonly Text[]): Reply {
    if (HTTP_WORDS.includes(name.toUpperCase())) {
      this.#hasQuit = true;
      this.transport.abort();
      return NO_REPLY;
    }
    let shown = "";
    for (const arg of args) {
      if (shown.length < MAX_SHOWN) shown += `'${toWord(arg).slice(0, MAX_SHOWN - shown.length)}' `;
    }
    const text = `unknown command '${
      name.slice(0, MAX_SHOWN)
    }', with args beginning with: ${shown}`;
    return new RespError(`ERR ${text.replace(/[\r\n]/g, " ")}`);
  }

  /** In version 2 published messages look like answers. */
  #mayRun(name: string): boolean {
    return this.version === 3 || SUBSCRIBED_COMMANDS.includes(name);
  }

  #answer(value: RespValue): void {
    const encoded = this.#codec.encode(value);
    if (typeof encoded === "string") this.#answers += encoded;
    else {
      this.#flush();
      this.transport.writelines(encoded instanceof Uint8Array ? [encoded] : encoded);
    }
    // The transport must learn of large answers at once: it may pause this session.
    if (this.#answers.length > MAX_ANSWERS) return this.#flush();
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    if (this.#answers === "") return;
    this.transport.write(this.#answers);
    this.#answers = "";
  }
}
