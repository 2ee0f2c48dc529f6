import { Buffer } from "node:buffer";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { show } from "../../protocols/option_checks.ts";
import { nextTurn } from "../../transports/core/clock.ts";

/** Answers whose status says that they have no body. */
const WITHOUT_BODY: readonly number[] = [204, 205, 304];

/**
 * Sends a response of the Web standards. Its body is read as fast as the client takes it, and
 * cancelled when the client goes away.
 *
 * @throws The failure of the body, when a part of it may be on its way.
 */
export async function sendResponse(answer: ServerResponse, response: Response): Promise<void> {
  if (!(response instanceof Response)) {
    throw new TypeError(`Cannot send response: the handler gave ${show(response)}, not a Response`);
  }
  const { body, status, statusText } = response;
  if (response.bodyUsed || body?.locked) {
    throw new TypeError("Cannot send response: its body was used already");
  }
  answer.statusCode = status;
  if (statusText !== "") answer.statusMessage = statusText;
  for (const [name, value] of response.headers) {
    // How the body is framed is for node:http to say: to pass on that of another answer breaks it.
    if (name !== "set-cookie" && name !== "transfer-encoding") answer.setHeader(name, value);
  }
  const cookies = response.headers.getSetCookie();
  if (cookies.length > 0) answer.setHeader("set-cookie", cookies);
  const hasNone = answer.req.method === "HEAD" || WITHOUT_BODY.includes(status);
  if (body === null || hasNone) {
    await body?.cancel();
    answer.end();
  } else await sendBody(answer, body);
}

async function sendBody(
  answer: ServerResponse,
  body: ReadableStream<Uint8Array>,
): Promise<void> {
  const reader = body.getReader();
  // Also while the body has nothing to give.
  const onClose = (): void => void reader.cancel().catch(() => {});
  answer.once("close", onClose);
  // The client may have gone before the handler answered.
  if (answer.destroyed) onClose();
  const length = new PromisedLength(answer);
  try {
    let step = await reader.read();
    if (!step.done) {
      length.take(step.value);
      const next = reader.read();
      // All of it, if no more comes within a turn: node:http tells the client its length then.
      const isAll = (await Promise.race([next, nextTurn()]))?.done;
      if (isAll) {
        length.end();
        return void answer.end(step.value);
      }
      await write(answer, step.value);
      step = await next;
    }
    for (; !step.done; step = await reader.read()) {
      length.take(step.value);
      await write(answer, step.value);
    }
    length.end();
    answer.end();
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    answer.off("close", onClose);
  }
}

/**
 * The length of a body that its headers promise. With another one, the client would take the rest
 * of the body for the next answer, or wait for more.
 */
class PromisedLength {
  readonly #answer: ServerResponse;
  readonly #promised: number | null;
  #taken = 0;

  constructor(answer: ServerResponse) {
    this.#answer = answer;
    const header = answer.getHeader("content-length");
    this.#promised = header === undefined ? null : Number(header);
  }

  /** Counts a chunk that is to be sent. */
  take(chunk: Uint8Array | string): void {
    if (this.#promised === null) return;
    this.#taken += Buffer.byteLength(chunk);
    if (!(this.#taken <= this.#promised)) this.#fail();
  }

  /** The body is over. */
  end(): void {
    if (this.#promised !== null && this.#taken !== this.#promised) this.#fail();
  }

  #fail(): void {
    if (this.#answer.destroyed) return;
    throw new TypeError(
      `Cannot send response: its content-length is ${this.#promised}, its body is ` +
        `${this.#taken > Number(this.#promised) ? "longer" : "shorter"}`,
    );
  }
}

async function write(answer: ServerResponse, chunk: Uint8Array): Promise<void> {
  if (answer.write(chunk) || answer.destroyed) return;
  const settled = new AbortController();
  const { signal } = settled;
  const events = [once(answer, "drain", { signal }), once(answer, "close", { signal })];
  for (const event of events) event.catch(() => {});
  try {
    await Promise.race(events);
  } finally {
    settled.abort();
  }
}
