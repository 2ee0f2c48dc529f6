import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { Http2Server } from "node:http2";
import type { Duplex } from "node:stream";
import { ConnectionLostError } from "../../protocols/errors.ts";
import { checkOptions, show } from "../../protocols/option_checks.ts";
import { toError } from "../../protocols/thrown.ts";
import { report } from "../../transports/core/error_report.ts";
import { toRequest } from "./_fetch_request.ts";
import { sendResponse } from "./_fetch_response.ts";
import { type ClosableSession, HttpConnection, type HttpTimes } from "./_http_connection.ts";
import { makeInfo, Upgrades } from "./_http_upgrade.ts";
import { LiveNodeStream } from "../streams/live_node_stream.ts";
import { type FetchHandler, HTTP_CHECKS, type HttpOptions } from "./http_options.ts";
import { attachOf, type NodeStreamSource } from "../streams/node_stream_source.ts";

/**
 * HTTP for connections that are there: each that is given to {@linkcode HttpService.serve} is
 * served as by an HTTP server. `serveHttp` is one together with a port.
 *
 * It serves HTTP/1.1 by node:http, over any transport: TLS, Unix sockets, memory.
 *
 * @example Inside this program, without a port
 * ```ts
 * import { memoryTransportPair } from "@sluice/net";
 * import { HttpService, toNodeStream } from "@sluice/net/node";
 * import { assertEquals } from "@std/assert";
 * import { get } from "node:http";
 * import { text } from "node:stream/consumers";
 *
 * const service = new HttpService(({ url }) => new Response(`this is ${url}`));
 * const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
 * const served = service.serve(b.transport);
 * const body = Promise.withResolvers<string>();
 * const createConnection = () => toNodeStream(a.transport);
 * get("http://inside.test/page", { createConnection }, (response) => body.resolve(text(response)));
 * assertEquals(await body.promise, "this is http://inside.test/page");
 * await served;
 * ```
 */
export class HttpService {
  readonly #server: Server;
  readonly #options: HttpOptions;
  readonly #times: HttpTimes;
  readonly #connections = new Map<object, HttpConnection>();
  #isStopping = false;

  /**
   * Creates a service without connections: give them to {@linkcode serve}.
   *
   * @param handler Answers requests: a function from a `Request` to a `Response`, or a server of
   * node:http or node:http2 that listens nowhere, with a framework on it.
   * @param options Times, limits and the error handler.
   * @throws {TypeError} If the handler is neither.
   */
  constructor(handler: FetchHandler | Server | Http2Server, options: HttpOptions = {}) {
    checkOptions("serve HTTP", options, HTTP_CHECKS);
    this.#options = options;
    this.#times = {
      headersTimeout: options.headersTimeout ?? 60_000,
      requestTimeout: options.requestTimeout ?? 300_000,
      keepAliveTimeout: options.keepAliveTimeout ?? 5000,
    };
    // Of a server of HTTP/2 no more is used than they have in common.
    this.#server = typeof handler === "function" ? this.#makeServer(handler) : handler as Server;
    checkServer(this.#server);
    // Node ends a connection after each answer while its server does not listen.
    Object.defineProperty(this.#server, "listening", { get: () => !this.#isStopping });
    this.#watch();
  }

  /**
   * Serves a connection.
   *
   * @param source The connection: a `StreamConnection` with what it has not read, or a `Transport`.
   * It belongs to the service.
   * @returns Resolves when the connection has ended. Never rejects.
   * @throws {TypeError} If it is no connection.
   */
  async serve(source: Exclude<NodeStreamSource, Promise<unknown>>): Promise<void> {
    const stream = new LiveNodeStream(true);
    stream.begin(attachOf(source));
    const closed = new Promise((resolve) => void stream.once("close", resolve));
    // The failure of a client's connection is no fault of ours.
    stream.on("error", () => {});
    const connection = new HttpConnection(stream, this.#times);
    this.#connections.set(stream, connection);
    const onSession = (session: ClosableSession): void => connection.release(session);
    this.#server.on("session", onSession);
    this.#server.emit("connection", stream);
    this.#server.off("session", onSession);
    if (this.#isStopping) connection.stop();
    await closed;
    this.#connections.delete(stream);
  }

  /**
   * Ends in good order: connections without a request end at once, the others after their answer,
   * which says `Connection: close`. So do those that are given to it later.
   */
  stop(): void {
    this.#isStopping = true;
    for (const connection of this.#connections.values()) connection.stop();
  }

  /**
   * Follows what the server does with its connections. Not by listeners: a server that has one for
   * upgrades has to answer them.
   */
  #watch(): void {
    const server = this.#server;
    const emit = server.emit.bind(server);
    Object.defineProperty(server, "emit", {
      value: (event: string, first: IncomingMessage, ...rest: unknown[]): boolean => {
        const connection = this.#connections.get(first?.socket);
        if (event === "request" && rest[0] instanceof ServerResponse) {
          connection?.begin(first, rest[0]);
        } else if (connection !== undefined && (event === "upgrade" || event === "connect")) {
          connection.whenAnswered(() => {
            // From now on it is no HTTP.
            connection.release();
            this.#connections.delete(first.socket);
            emit(event, first, ...rest);
          });
          return true;
        }
        const [socket] = rest;
        // Without a listener node:http would destroy the stream, with the answer that is in it.
        const isOurs = event === "clientError" && server.listenerCount(event) === 0;
        if (!isOurs || !(socket instanceof LiveNodeStream)) return emit(event, first, ...rest);
        this.#refuse(socket, Reflect.get(first, "code") === "HPE_HEADER_OVERFLOW" ? 431 : 400);
        return true;
      },
    });
  }

  #makeServer(handler: FetchHandler): Server {
    const { maxHeaderSize = 16_384 } = this.#options;
    const server = createServer({ maxHeaderSize }, (message, answer) => {
      void this.#answer(handler, message, answer);
    });
    // For the header that tells the client.
    server.keepAliveTimeout = Number.isFinite(this.#times.keepAliveTimeout)
      ? this.#times.keepAliveTimeout
      : 0;
    const onUpgrade = (message: IncomingMessage, socket: Duplex, head: Uint8Array): void => {
      if (!(socket instanceof LiveNodeStream)) return void socket.destroy();
      if (head.length > 0) socket.unshift(head);
      const answer = new ServerResponse(message);
      answer.shouldKeepAlive = false;
      answer.assignSocket(message.socket);
      // Nothing else does for an answer that node:http did not make.
      answer.once("finish", () => socket.resume().destroySoon());
      void this.#answer(handler, message, answer);
    };
    server.on("upgrade", onUpgrade);
    // Without a listener node:http would end the connection without a word.
    server.on("connect", onUpgrade);
    return server;
  }

  #refuse(socket: LiveNodeStream, status: number): void {
    const connection = this.#connections.get(socket);
    if (connection !== undefined) connection.refuse(status);
    else socket.destroySoon();
  }

  /** Has the handler answer. Never rejects. */
  async #answer(
    handler: FetchHandler,
    message: IncomingMessage,
    answer: ServerResponse,
  ): Promise<void> {
    const stream = message.socket as unknown;
    if (!(stream instanceof LiveNodeStream) || stream.transport === null) return;
    const { transport } = stream;
    const gone = new AbortController();
    answer.once("close", () => {
      if (!answer.writableFinished) gone.abort(new ConnectionLostError("The client is gone"));
    });
    let request: Request;
    try {
      request = toRequest(message, stream, gone.signal);
    } catch {
      answer.statusCode = isKnownMethod(message.method) ? 400 : 501;
      return void answer.setHeader("connection", "close").end();
    }
    const upgrades = new Upgrades(stream, transport);
    const info = makeInfo(transport, message, upgrades);
    try {
      const response = await handler(request, info);
      const upgrade = upgrades.settle(response);
      if (upgrade === undefined) {
        await sendResponse(answer, response);
        // The rest of a body that the handler did not read is passed over.
        return void message.removeAllListeners("readable").resume();
      }
      answer.detachSocket(message.socket);
      upgrade.accept();
    } catch (thrown) {
      upgrades.settle();
      if (gone.signal.aborted) return;
      report(this.#options.onError, toError(thrown), { callback: "handler", transport });
      fail(answer, stream);
    }
  }
}

function isKnownMethod(method: string | undefined): boolean {
  return method !== "TRACE" && method !== "TRACK" && method !== "CONNECT";
}

/** Answers 500, or cuts an answer that has begun so that it does not look whole. */
function fail(answer: ServerResponse, stream: LiveNodeStream): void {
  if (answer.headersSent) return void stream.destroy();
  for (const name of answer.getHeaderNames()) answer.removeHeader(name);
  answer.statusCode = 500;
  answer.setHeader("connection", "close");
  answer.end("Internal Server Error");
}

function checkServer(server: unknown): void {
  const isServer = typeof server === "object" && server !== null && "prependListener" in server &&
    "emit" in server;
  if (isServer) return;
  throw new TypeError(
    `Cannot serve HTTP: ${show(server)} is neither a handler, (request, info) => response, nor a ` +
      "server of node:http",
  );
}
