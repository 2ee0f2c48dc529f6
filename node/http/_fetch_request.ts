import type { IncomingMessage } from "node:http";
import { type Bytes, copyOf } from "../../protocols/bytes.ts";
import { formatHostPort } from "../../transports/core/addresses.ts";
import type { LiveNodeStream } from "../streams/live_node_stream.ts";

/**
 * The request as the Web standards have it. Its body is read from the connection as it is read.
 *
 * @param message The request as node:http has it.
 * @param stream The connection, which tells of the scheme and our address.
 * @param signal Aborts when the client goes away.
 * @throws {TypeError} If it has no counterpart: a target that is no URL, a method or a header that
 * is not allowed.
 */
export function toRequest(
  message: IncomingMessage,
  stream: LiveNodeStream,
  signal: AbortSignal,
): Request {
  const { method = "GET", rawHeaders, headersDistinct } = message;
  if (headersDistinct.host !== undefined && headersDistinct.host.length > 1) {
    throw new TypeError("Cannot take request: it has more than one host");
  }
  const headers = new Headers();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    headers.append(rawHeaders[i] ?? "", rawHeaders[i + 1] ?? "");
  }
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(urlOf(message, stream), {
    method,
    headers,
    signal,
    ...(hasBody && { body: bodyOf(message) }),
  });
}

/** The URL that a request is for: its target may be a path, a URL (of a proxy's client) or `*`. */
function urlOf({ url = "/", headers }: IncomingMessage, stream: LiveNodeStream): URL {
  if (/^https?:\/\//i.test(url)) return new URL(url);
  const scheme = stream.encrypted ? "https" : "http";
  const host = headers.host || hostOf(stream);
  // A host with more than a name and a port would change what the URL means.
  if (/[/?#@\\\s]/.test(host)) throw new TypeError(`Cannot take request: its host is "${host}"`);
  // Not against a base: a path with two slashes at its start would be another host.
  return new URL(`${scheme}://${host}${url.startsWith("/") ? url : `/${url}`}`);
}

function hostOf({ localAddress, localPort }: LiveNodeStream): string {
  return localAddress === undefined ? "localhost" : formatHostPort(localAddress, localPort ?? 0);
}

function bodyOf(message: IncomingMessage): ReadableStream<Bytes> {
  let chunks: AsyncIterator<Uint8Array> | null = null;
  return new ReadableStream({
    async pull(controller): Promise<void> {
      // Without a return that destroys the connection: a body may be left unread.
      chunks ??= message.iterator({ destroyOnReturn: false });
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(copyOf(value));
    },
    async cancel(): Promise<void> {
      await chunks?.return?.();
    },
  }, { highWaterMark: 0 });
}
