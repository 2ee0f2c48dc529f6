import { onAbort } from "../protocols/waits/wait_signal.ts";
import { ConnectionLostError, IdleTimeoutError, InvalidStateError } from "../protocols/errors.ts";
import { canReset } from "../transports/core/ending/abort_options.ts";
import { clockFor } from "../transports/core/clock.ts";
import { IdleTimer } from "../transports/layers/idle_timer.ts";
import { check, checkOptions, type OptionTable } from "../protocols/option_checks.ts";
import { Passage } from "./_passage.ts";
import { outlastShutdown } from "./servers/handlers.ts";
import type { StreamConnection } from "./stream_connection.ts";
import { endWriting } from "./writing/stream_writer.ts";

/** Options for {@linkcode relay}. */
export interface RelayOptions {
  /**
   * After this many milliseconds in which no byte comes or leaves in either direction both
   * connections are aborted; up to a quarter more passes.
   *
   * @default {300000}
   */
  readonly idleTimeout?: number;
  /** Aborts both connections when it aborts. */
  readonly signal?: AbortSignal;
}

const CHECKS: OptionTable<RelayOptions> = {
  idleTimeout: check.duration(),
  signal: check.abortSignal,
};

/**
 * The default of `idleTimeout`, in milliseconds: what proxies commonly allow a silent connection.
 */
const DEFAULT_RELAY_IDLE_TIMEOUT = 300_000;

/** How one direction of a {@linkcode relay} ended. */
export interface RelayDirection {
  /** How many bytes were forwarded. */
  readonly bytes: number;
  /** `"eof"` if the sender ended its data, else the failure. */
  readonly reason: "eof" | Error;
}

/** The outcome of {@linkcode relay} in each direction. */
export interface RelayReport {
  /** From the first connection to the second. */
  readonly forward: RelayDirection;
  /** From the second connection to the first. */
  readonly backward: RelayDirection;
}

/**
 * Joins two connections: what comes in on one goes out on the other, until both directions have
 * ended.
 *
 * Between two connections of `epollNetwork` without layers the system passes the bytes on
 * (splice(2)): they do not come to JavaScript.
 *
 * Each side is read only as fast as the other takes it. The end of one direction is passed on and
 * leaves the other open; a failure of one side aborts both, and so do the signal and the idle
 * timeout. Where the network can do it, the connections are reset then, so that neither peer takes
 * what it has for the whole; Deno's own sockets cannot. Both connections are closed when the
 * promise resolves. It does not reject for any of that: how each direction ended is in the report.
 *
 * In a handler, the relay goes on when its server shuts down, and has the grace to end.
 *
 * @example A connection to somewhere else
 * ```ts
 * import { openConnection, relay, startServer } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * await using echo = await startServer(({ readable, writable }) => readable.pipeTo(writable), {
 *   port: 0,
 * });
 * await using proxy = await startServer(async (connection) => {
 *   await relay(connection, await openConnection({ port: echo.port }));
 * }, { port: 0 });
 *
 * await using client = await openConnection({ port: proxy.port });
 * client.writer.write("through");
 * client.writer.writeEof();
 * assertEquals(new TextDecoder().decode(await client.reader.read()), "through");
 * ```
 *
 * @param a The first connection; the relay ends it.
 * @param b The second connection; the relay ends it.
 * @param options How long both may be silent, and a signal.
 * @returns How many bytes went each way, and how each direction ended.
 * @throws {RangeError} If the timeout is not above zero.
 * @throws {InvalidStateError} If a read of one of them is waiting, or one was handed over; nothing
 * has happened then.
 */
export async function relay(
  a: StreamConnection,
  b: StreamConnection,
  options: RelayOptions = {},
): Promise<RelayReport> {
  checkOptions("relay", options, CHECKS);
  const { idleTimeout = DEFAULT_RELAY_IDLE_TIMEOUT, signal } = options;
  checkReadable("first", a);
  checkReadable("second", b);
  for (const connection of [a, b]) outlastShutdown(connection);
  // An end in good order would tell the peer of one side that it has everything from the other.
  const abort = (reason: Error) => {
    for (const { transport } of [a, b]) transport.abort({ reason, reset: canReset(transport) });
  };
  const expire = () => abort(new IdleTimeoutError(idleTimeout));
  const idle = new IdleTimer(idleTimeout, expire, clockFor(a.transport), [
    a.transport,
    b.transport,
  ]);
  const giveUp = () => abort(toReason(signal?.reason));
  if (signal?.aborted) giveUp();
  const stop = onAbort(signal, giveUp);
  try {
    const watch: Watch = { idle, abort };
    const [forward, backward] = await Promise.all([copy(a, b, watch), copy(b, a, watch)]);
    await Promise.all([a.close(), b.close()]);
    return { forward, backward };
  } finally {
    idle.stop();
    stop();
  }
}

/** Checks that no other read could take what the relay is to pass on. */
function checkReadable(side: "first" | "second", { reader }: StreamConnection): void {
  try {
    // Putting nothing back needs the same.
    reader.unread(new Uint8Array(0));
  } catch (cause) {
    throw new InvalidStateError(
      `Cannot relay: a read of the ${side} connection is waiting, or it was handed over`,
      { cause },
    );
  }
}

/** The state that both directions of a relay share. */
interface Watch {
  readonly idle: IdleTimer;
  readonly abort: (reason: Error) => void;
}

async function copy(
  from: StreamConnection,
  to: StreamConnection,
  watch: Watch,
): Promise<RelayDirection> {
  const passed = { bytes: 0 };
  try {
    await copyAll(from, to, watch.idle, passed);
    await endWriting(to.writer);
    return { ...passed, reason: "eof" };
  } catch (error) {
    const reason = toReason(error);
    if (isOneWay(from, to) && !isStopped(from, to, error)) return { ...passed, reason };
    // Bytes that arrived before the failure are passed on first, the answers of the other side as
    // well.
    await Promise.allSettled([from, to].map(({ writer }) => writer.flush()));
    watch.abort(reason);
    return { ...passed, reason };
  }
}

async function copyAll(
  from: StreamConnection,
  to: StreamConnection,
  idle: IdleTimer,
  passed: { bytes: number },
): Promise<void> {
  const passage = new Passage(from, to, (bytes) => {
    passed.bytes += bytes;
    idle.touch();
  });
  try {
    // The reader gets no byte meanwhile: it waits for the end.
    await Promise.race([from.reader.read(1), passage.failed]);
    await Promise.race([to.writer.drain(), passage.failed]);
  } finally {
    passage.leave();
  }
}

/** Whether only the sending to `to` has failed: what it has answered can still be passed on. */
function isOneWay(from: StreamConnection, to: StreamConnection): boolean {
  return !from.transport.isClosing() && !to.transport.isClosing() &&
    from.reader.exception() === null && to.reader.exception() === null;
}

/** Whether a wait failed because the server of a connection had begun to shut down before. */
function isStopped(from: StreamConnection, to: StreamConnection, error: unknown): boolean {
  return [from, to].some(({ signal }) => signal.aborted && signal.reason === error);
}

function toReason(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new ConnectionLostError(String(thrown));
}
