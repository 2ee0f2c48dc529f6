/**
 * A JSON-RPC 2.0 server with the framing of the Language Server Protocol: each request is answered
 * when it is done, not in the order of arrival.
 *
 * Its methods are `sum` (of numbers), `wait` (for milliseconds) and LSP's `$/cancelRequest`. At
 * most 64 requests of one client are under way; further ones wait in the connection. Stop it with
 * Ctrl-C.
 *
 *     deno run --allow-net examples/json_rpc.ts --port 8888
 *     deno task example json_rpc --port 8888
 *
 * It needs `--allow-net`; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import {
  type Codec,
  framed,
  type FramedConnection,
  mapCodec,
  startServer,
  type StreamConnection,
  TaskGroup,
} from "@sluice/net";
import { contentLengthCodec } from "@sluice/net/codecs";
import { delay } from "@std/async";
import { listenFlags, readFlags } from "./_flags.ts";
import { runProgram, serveUntilStopped } from "./_program.ts";

/** The most requests of one client that are under way. */
const MAX_REQUESTS = 64;
/** The longest time that a client may wait, in milliseconds. */
const LONGEST_WAIT_MS = 60_000;

/** The codes of JSON-RPC, and of LSP for a request that was cancelled. */
const CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  requestCancelled: -32800,
} as const;

/** A request, or without an id a notification, which has no answer. */
interface Request {
  readonly id?: string | number | null;
  readonly method: string;
  readonly params?: unknown;
}

/** An answer. */
export type Response =
  & { readonly jsonrpc: "2.0"; readonly id: string | number | null }
  & ({ readonly result: unknown } | { readonly error: { code: number; message: string } });

/** A method. The signal aborts when its result is not needed any more. */
type Method = (params: unknown, signal: AbortSignal) => unknown;

/** A request that fails. */
class RpcError extends Error {
  readonly code: number;

  constructor(kind: keyof typeof CODES, message: string) {
    super(message);
    this.name = "RpcError";
    this.code = CODES[kind];
  }
}

/** JSON with its length before it; values are not checked. */
export function jsonRpcCodec(): Codec<unknown> {
  return mapCodec(contentLengthCodec(), {
    decode: ({ body }) => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)),
    encode: (value: unknown) => JSON.stringify(value),
  });
}

const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["sum", (params) => {
    if (Array.isArray(params) && params.every((one) => typeof one === "number")) {
      return params.reduce((sum: number, one: number) => sum + one, 0);
    }
    throw new RpcError("invalidParams", "sum takes a list of numbers");
  }],
  ["wait", async (params, signal) => {
    const [milliseconds] = Array.isArray(params) ? params : [];
    if (!(milliseconds >= 0 && milliseconds <= LONGEST_WAIT_MS)) {
      throw new RpcError("invalidParams", `wait takes milliseconds, ${LONGEST_WAIT_MS} at most`);
    }
    await delay(milliseconds, { signal });
    return milliseconds;
  }],
]);

/** The requests of one client. */
class Session {
  readonly #messages: FramedConnection<unknown>;
  readonly #cancels = new Map<unknown, AbortController>();
  #running = 0;
  #room = Promise.withResolvers<void>();

  constructor(connection: StreamConnection) {
    this.#messages = framed(connection, jsonRpcCodec(), {
      onBadMessage: ({ message }) => this.#refuse(null, new RpcError("parseError", message)),
    });
  }

  /** Answers until the client has ended its direction and every request has its answer. */
  async run(signal: AbortSignal): Promise<void> {
    await TaskGroup.run(async (group) => {
      for await (const message of this.#messages) {
        const request = toRequest(message);
        if (request === null) {
          this.#refuse(null, new RpcError("invalidRequest", "That is no request"));
        } else if (request.method === "$/cancelRequest") this.#cancel(request.params);
        else {
          this.#running++;
          group.createTask((given) => this.#answer(request, given));
          // Reads no faster than it answers.
          while (this.#running >= MAX_REQUESTS) await this.#room.promise;
        }
      }
    }, { signal });
  }

  async #answer({ id, method, params }: Request, given: AbortSignal): Promise<void> {
    const cancel = new AbortController();
    if (id !== undefined) this.#cancels.set(id, cancel);
    try {
      const run = METHODS.get(method);
      if (run === undefined) throw new RpcError("methodNotFound", `There is no method "${method}"`);
      const result = await run(params, AbortSignal.any([given, cancel.signal]));
      if (id !== undefined) await this.#messages.send({ jsonrpc: "2.0", id, result });
    } catch (error) {
      given.throwIfAborted();
      const known = cancel.signal.aborted ? new RpcError("requestCancelled", "Cancelled") : error;
      if (!(known instanceof RpcError)) throw error;
      if (id !== undefined) this.#refuse(id, known);
    } finally {
      this.#cancels.delete(id);
      this.#running--;
      this.#room.resolve();
      this.#room = Promise.withResolvers();
    }
  }

  #cancel(params: unknown): void {
    if (typeof params === "object" && params !== null && "id" in params) {
      this.#cancels.get(params.id)?.abort();
    }
  }

  #refuse(id: string | number | null, { code, message }: RpcError): void {
    const response: Response = { jsonrpc: "2.0", id, error: { code, message } };
    // If the connection is gone, the loop ends too.
    this.#messages.send(response).catch(() => {});
  }
}

/** A message as a request, if it is one. */
function toRequest(message: unknown): Request | null {
  if (typeof message !== "object" || message === null) return null;
  const { jsonrpc, id, method, params } = message as Record<string, unknown>;
  const hasId = id === undefined || id === null || typeof id === "string" || typeof id === "number";
  if (jsonrpc !== "2.0" || typeof method !== "string" || !hasId) return null;
  return { method, params, ...(id !== undefined && { id }) };
}

/** Serves one client. */
export async function serveJsonRpc(connection: StreamConnection): Promise<void> {
  await new Session(connection).run(connection.signal);
}

if (import.meta.main) {
  await runProgram(async () => {
    const server = await startServer(serveJsonRpc, readFlags(listenFlags(8888)));
    await serveUntilStopped(server);
  });
}
