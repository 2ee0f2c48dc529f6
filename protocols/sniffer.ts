import { show } from "./option_checks.ts";

/**
 * Looks at the first bytes of a connection.
 *
 * @param head All that has arrived, at least one byte.
 * @returns Whether they begin the protocol; `undefined` if more bytes are needed to know.
 */
export type Match = (head: Uint8Array) => boolean | undefined;

/** A protocol that is told by its first bytes, and what becomes of its connections. */
export interface SniffCase<T> {
  /** Whether the first bytes are those of the protocol. */
  readonly match: Match;
  /** The value for connections of this protocol, such as a handler. */
  readonly use: T;
}

/** The protocols that are known by name, for `sniff` and `sniffProtocol`. */
export type KnownProtocol = "tls" | "http" | "http2" | "proxy" | "ssh";

/**
 * The uses of connections, by their first bytes. The first case in order that matches counts,
 * however the bytes arrive.
 */
export type SniffCases<T> =
  & {
    /** A handshake of TLS; the bytes are the start of it. */
    readonly tls?: T;
    /** A request of HTTP/1. */
    readonly http?: T;
    /** HTTP/2 without TLS, by its preface. */
    readonly http2?: T;
    /** A PROXY header, of version 1 or 2. */
    readonly proxy?: T;
    /** SSH. */
    readonly ssh?: T;
    /** All others that say something. Without it they fail with `UnknownProtocolError`. */
    readonly other?: T;
    /**
     * Peers that say nothing in time: those whose protocol has the server speak first. Without it
     * they fail with a `TimeoutError`.
     */
    readonly silent?: T;
  }
  & {
    /** Protocols of one's own, by any name. */
    readonly [name: string]: T | SniffCase<T> | undefined;
  };

const HTTP_METHODS = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
].map((method) => bytesOf(`${method} `));

const KNOWN: Readonly<Record<KnownProtocol, Match>> = {
  // A record with a handshake (RFC 8446, section 5.1), whose version is 3.x.
  tls: (head) =>
    head[0] === 0x16 && (head.length < 2 ? undefined : head[1] === 3) &&
    (head.length < 3 ? undefined : (head[2] ?? 9) <= 4),
  http: startsWith(...HTTP_METHODS),
  // RFC 9113, section 3.4.
  http2: startsWith(bytesOf("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
  // HAProxy's proxy-protocol.txt, sections 2.1 and 2.2.
  proxy: startsWith(bytesOf("PROXY "), bytesOf("\r\n\r\n\0\r\nQUIT\n")),
  ssh: startsWith(bytesOf("SSH-")),
};

/** Decides by the first bytes of a connection what becomes of it. */
export class Sniffer<T extends (...args: never[]) => unknown> {
  readonly #cases: readonly SniffCase<T>[];
  /** The handler of connections that begin with other bytes; `null` if that is a failure. */
  readonly other: T | null;
  /** The handler of connections that send nothing in time; `null` if that is a failure. */
  readonly silent: T | null;

  /**
   * Takes the cases.
   *
   * @throws {TypeError} If there is none, or one is of the wrong kind.
   */
  constructor(cases: SniffCases<T>) {
    if (typeof cases !== "object" || cases === null) {
      throw new TypeError(`Cannot sniff: ${show(cases)} is not an object such as { tls, other }`);
    }
    const given = Object.entries(cases).filter(([, value]) => value !== undefined);
    if (given.length === 0) {
      throw new TypeError("Cannot sniff: there are no cases; give { tls, … }");
    }
    const special = (name: string): T | null => {
      const value: unknown = cases[name];
      if (value === undefined) return null;
      if (typeof value !== "function") throw wrongCase(name, value);
      return value as T;
    };
    this.other = special("other");
    this.silent = special("silent");
    this.#cases = given
      .filter(([name]) => name !== "other" && name !== "silent")
      .map(([name, value]) => toCase(name, value));
  }

  /**
   * Decides.
   *
   * @param head All that has arrived, at least one byte.
   * @param isAll Whether no more is waited for.
   * @returns What becomes of the connection; `undefined` if more bytes are needed, `null` if it is
   * none of the cases.
   */
  decide(head: Uint8Array, isAll: boolean): T | null | undefined {
    for (const { match, use } of this.#cases) {
      const isMatch = match(head);
      if (isMatch === true) return use;
      if (isMatch === undefined && !isAll) return undefined;
    }
    return this.other;
  }
}

/** Begins with one of these. */
function startsWith(...prefixes: readonly Uint8Array[]): Match {
  return (head) => {
    const open = prefixes.filter((prefix) =>
      prefix.subarray(0, head.length).every((byte, i) => byte === head[i])
    );
    if (open.length === 0) return false;
    return open.some((prefix) => prefix.length <= head.length) ? true : undefined;
  };
}

function toCase<T>(name: string, value: unknown): SniffCase<T> {
  if (typeof value === "function") {
    const match = Object.hasOwn(KNOWN, name) ? KNOWN[name as KnownProtocol] : undefined;
    // The types say what the function takes and gives.
    if (match !== undefined) return { match, use: value as T };
    throw new TypeError(
      `Cannot sniff: "${name}" is not known by name; give { match: (head) => …, use }`,
    );
  }
  const { match, use } = Object(value) as Partial<SniffCase<T>>;
  if (typeof match !== "function" || typeof use !== "function") throw wrongCase(name, value);
  return { match, use };
}

function wrongCase(name: string, value: unknown): TypeError {
  return new TypeError(
    `Cannot sniff: ${name} ${show(value)} is neither a function nor { match, use }`,
  );
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
