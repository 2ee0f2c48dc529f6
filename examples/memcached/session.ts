import {
  type Bytes,
  FramedProtocol,
  FrameError,
  StreamConnection,
  type Transport,
} from "@sluice/net";
import type { EncodedMessage } from "@sluice/net/protocols";
import { type Command, CommandCodec } from "./command_codec.ts";
import { AnswerBatch } from "./answer_batch.ts";
import { COMMANDS, getOne, isSilent } from "./commands.ts";
import type { ServerState } from "./server_state.ts";

/** How long a client that is refused may go on sending, in milliseconds. */
const LINGER_MS = 5000;

/** The events of a session. */
export interface SessionEvents {
  /** The connection is made. */
  onOpen(): void;
  /** The connection is lost. */
  onClose(): void;
}

/**
 * The conversation with one client. While a client does not read its answers, the server reads no
 * further commands of it.
 */
export class Session extends FramedProtocol<Command, EncodedMessage> {
  readonly #server: ServerState;
  readonly #events: SessionEvents;
  readonly #answers = new AnswerBatch((bytes) => this.transport.write(bytes));
  #isPaused = false;

  /** Begins with `connectionMade`. */
  constructor(server: ServerState, events: SessionEvents) {
    super(new CommandCodec(server.maxValueLength));
    this.#server = server;
    this.#events = events;
  }

  override connectionMade(transport: Transport): void {
    super.connectionMade(transport);
    this.#events.onOpen();
  }

  override connectionLost(error: Error | null): void {
    super.connectionLost(error);
    this.#events.onClose();
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
      return this.#refuse(`CLIENT_ERROR ${error.message}\r\n`);
    }
  }

  override messageReceived(command: Command): void | Promise<void> {
    const { words } = command;
    if (words[0] === "quit") return this.#quit();
    const answer = this.#answer(command);
    // A client would take a failure for the answer to its next command.
    if (isSilent(words)) return;
    if (Array.isArray(answer)) return this.#addAll(answer);
    this.#answers.add(answer);
    if (this.#isPaused) return this.#untilRead();
  }

  /** Adds the items of a long answer as fast as the client reads them. */
  #addAll(parts: readonly EncodedMessage[], from: number = 0): void | Promise<void> {
    for (let i = from; i < parts.length; i++) {
      this.#answers.add(parts[i] ?? "");
      if (this.#isPaused) return this.#untilRead().then(() => this.#addAll(parts, i + 1));
    }
  }

  /** Of the loss of the connection, which ends the wait, connectionLost() is told. */
  #untilRead(): Promise<void> {
    return this.drain().catch(() => {});
  }

  #answer({ words, data, refusal }: Command): EncodedMessage {
    if (refusal === null) {
      const [name = "", key = ""] = words;
      if (name === "get" && words.length === 2) return getOne(key, this.#server);
      const run = COMMANDS.get(name);
      const args = words.slice(1, isSilent(words) ? -1 : undefined);
      return run === undefined ? "ERROR\r\n" : run(args, this.#server, data ?? NO_DATA);
    }
    // The value that is there would be an old one.
    if (refusal.startsWith("SERVER_ERROR")) this.#server.store.delete(words[1] ?? "");
    return refusal;
  }

  #quit(): void {
    this.#answers.send();
    this.transport.close();
  }

  /** Tells the client why the connection ends. It still sends, so that a reset would hide that. */
  #refuse(reason: string): void {
    this.#answers.add(reason);
    this.#answers.send();
    void StreamConnection.over(this.transport).close({ linger: LINGER_MS })
      .then(({ error }) => this.connectionLost(error));
  }
}

const NO_DATA = new Uint8Array();
