import type { IncomingMessage, ServerResponse } from "node:http";
import { startTimer } from "../../transports/core/clock.ts";
import type { LiveNodeStream } from "../streams/live_node_stream.ts";

/** The reason of a status that is sent without a handler. */
const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
  501: "Not Implemented",
};

/**
 * How long a client may go on sending when its last answer has left, in milliseconds: nginx's time
 * for that. It may lose an answer that the end of the connection follows at once (RFC 9112, 9.6).
 */
const LINGER_MS = 5000;

/** The times of HTTP, in milliseconds. */
export interface HttpTimes {
  /** For the head of a request. */
  readonly headersTimeout: number;
  /** For a request with its body. */
  readonly requestTimeout: number;
  /** Between two requests. */
  readonly keepAliveTimeout: number;
}

/** A session of HTTP/2. */
export interface ClosableSession {
  /** Ends it once its requests are answered. */
  close(): void;
}

/**
 * One connection of an HTTP server: its deadlines, and its end in good order.
 *
 * ```text
 * head (headersTimeout) -> request (requestTimeout) -> idle (keepAliveTimeout) -> head ...
 * stop(): at once while idle, after the answer otherwise
 * ```
 */
export class HttpConnection {
  readonly #stream: LiveNodeStream;
  readonly #times: HttpTimes;
  #cancel: () => void = () => {};
  #open = 0;
  #isStopping = false;
  #session: ClosableSession | null = null;

  /** Starts the time for the first request. */
  constructor(stream: LiveNodeStream, times: HttpTimes) {
    this.#stream = stream;
    this.#times = times;
    stream.linger = LINGER_MS;
    stream.once("close", () => {
      this.#cancel();
      this.#dropAnswers();
    });
    this.#expectHead();
  }

  /**
   * Answers without a handler, and ends the connection. Whole requests are answered first: a client
   * would take this for the answer to one of them.
   */
  refuse(status: number): void {
    // The bytes that follow are dropped: node:http would find a fault in each piece of them.
    if (this.#refusal === null) this.#stream.removeAllListeners("data").resume();
    this.#refusal = status;
    if ([...this.#answers].some(({ req }) => req.complete)) return;
    // In the middle of an answer, this would be taken for a part of it.
    if ([...this.#answers].some((answer) => answer.headersSent)) return void this.#stream.destroy();
    if (this.#stream.writable) {
      const head = `HTTP/1.1 ${status} ${REASONS[status]}\r\nconnection: close\r\n\r\n`;
      this.#stream.write(head);
    }
    this.#stream.destroySoon();
  }

  /** A request has come. It is over when it was received and answered. */
  begin(message: IncomingMessage, answer: ServerResponse): void {
    this.#open++;
    this.#startDeadline(this.#times.requestTimeout, () => {
      if (!message.complete) this.refuse(408);
    });
    let parts = 2;
    const onPart = (): void => {
      parts--;
      if (parts > 0) return;
      this.#open--;
      if (this.#open === 0) this.#becomeIdle();
    };
    message.once("close", onPart);
    answer.once("close", onPart);
    if (this.#isStopping) this.#makeLast(answer);
    this.#answers.add(answer);
    answer.once("close", () => {
      this.#answers.delete(answer);
      if (this.#answers.size === 0 && !this.#stream.destroyed) this.#onAnswered?.();
      if (this.#refusal !== null && !this.#stream.destroyed) this.refuse(this.#refusal);
    });
  }

  /**
   * Calls back when all requests that have come are answered: at once if there are none. Not if the
   * connection ends before.
   */
  whenAnswered(callback: () => void): void {
    if (this.#answers.size === 0) callback();
    else this.#onAnswered = callback;
  }

  /** Ends the connection as soon as no request is under way. */
  stop(): void {
    this.#isStopping = true;
    if (this.#session !== null) return this.#session.close();
    for (const answer of this.#answers) this.#makeLast(answer);
    if (this.#open === 0) this.#endIdle();
  }

  /** Counts no times any more: an upgrade, or HTTP/2, whose session ends the connection. */
  release(session: ClosableSession | null = null): void {
    this.#cancel();
    this.#session = session;
  }

  readonly #answers = new Set<ServerResponse>();
  #onAnswered: (() => void) | null = null;
  // The status of a refusal that waits for the answers before it.
  #refusal: number | null = null;

  /** Ends answers that wait for one before them: node:http ends only the one that is being sent. */
  #dropAnswers(): void {
    for (const answer of this.#answers) {
      if (answer.socket === null) answer.destroy().emit("close");
    }
  }

  #makeLast(answer: ServerResponse): void {
    if (!answer.headersSent) answer.setHeader("connection", "close");
  }

  #becomeIdle(): void {
    if (this.#stream.destroyed) return;
    if (this.#isStopping) return this.#stream.destroySoon();
    const read = this.#stream.bytesRead;
    this.#startDeadline(this.#times.keepAliveTimeout, () => {
      // The next request has begun.
      if (this.#stream.bytesRead > read) this.#expectHead();
      else this.#endIdle();
    });
  }

  /** Ends the connection, whose client waits for nothing. */
  #endIdle(): void {
    this.#stream.linger = 0;
    this.#stream.destroySoon();
  }

  #expectHead(): void {
    this.#startDeadline(this.#times.headersTimeout, () => this.refuse(408));
  }

  #startDeadline(milliseconds: number, onOver: () => void): void {
    this.#cancel();
    this.#cancel = this.#stream.destroyed ? () => {} : startTimer(milliseconds, onOver);
  }
}
