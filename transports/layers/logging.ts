import { ObservingLayer } from "./_observing_layer.ts";
import type { AbortOptions, AnyProtocol, Transport } from "../../protocols/contract.ts";
import { describeError, messageOf } from "../../protocols/thrown.ts";
import { formatAddress } from "../core/addresses.ts";
import { check, checkOptions, type OptionTable } from "../../protocols/option_checks.ts";
import { type Clock, clockCheck, systemClock } from "../core/clock.ts";
import { callBack } from "../core/callbacks.ts";
import { report, toError } from "../core/error_report.ts";
import { type Bytes, copyOf, joinBytes } from "../../protocols/bytes.ts";
import { toAbortOptions } from "../core/ending/abort_options.ts";
import type { LayerFactory, TransportOptions } from "../core/transport_options.ts";

/** How many bytes a line of a dump has. */
const DUMP_LINE = 16;

/** The default of `maxBytes`: what fits on a screen. */
const DEFAULT_LOGGED_BYTES = 1024;

/** Options for {@linkcode logging}. */
export interface LoggingOptions {
  /**
   * How the bytes are shown: as text in quotes, as a hex dump, or not at all.
   *
   * @default {"text"}
   */
  readonly format?: "text" | "hex" | "none";
  /** Takes one line, without a line break; writes to standard error by default. */
  readonly sink?: (line: string) => unknown;
  /** The name of the connection in each line; its peer's address by default. */
  readonly label?: string;
  /**
   * How many bytes of each chunk are shown.
   *
   * @default {1024}
   */
  readonly maxBytes?: number;
  /** Where the time comes from; the system's clock by default. */
  readonly clock?: Clock;
}

const CHECKS: OptionTable<LoggingOptions> = {
  format: check.oneOf("text", "hex", "none"),
  sink: check.functionLike("(line) => …"),
  label: check.text,
  maxBytes: check.size(),
  clock: clockCheck,
};

/**
 * Makes a layer that logs what happens to a connection, with the seconds since it was made: bytes
 * and sizes of each direction, the end of each, pauses of reading and writing, and how it ended.
 *
 * It never disturbs the connection: a sink that throws is reported once to `onError` and not called
 * again for this connection.
 *
 * @example To a list
 * ```ts
 * import { logging, memoryTransportPair } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * const clock = { now: () => 0, after: () => () => {} };
 * const [a, b] = await memoryTransportPair(() => ({}), () => ({}), {
 *   layers: [logging({ label: "link", clock, sink: (line) => lines.push(line) })],
 * });
 * a.transport.write("Hello\n");
 * a.transport.close();
 * await b.transport.closed;
 * assertEquals(lines.filter((line) => line.includes("Hello")), [
 *   '0.000 link sent 6 bytes: "Hello\\n"',
 *   '0.000 link received 6 bytes: "Hello\\n"',
 * ]);
 * ```
 *
 * @param options What to log, and where to.
 * @throws {TypeError} If the format is not known.
 * @throws {RangeError} If `maxBytes` is negative.
 */
export function logging(options: LoggingOptions = {}): LayerFactory {
  checkOptions("use logging", options, CHECKS);
  const { format = "text", maxBytes = DEFAULT_LOGGED_BYTES } = options;
  const settings = { sink: printLine, clock: systemClock, ...options, format, maxBytes };
  return (upper, transportOptions) => new LoggingLayer(upper, transportOptions, settings);
}

function printLine(line: string): void {
  // deno-lint-ignore sluice/no-console -- the documented default of sink
  console.error(line);
}

type Settings =
  & LoggingOptions
  & Required<Pick<LoggingOptions, "format" | "sink" | "maxBytes" | "clock">>;

class LoggingLayer extends ObservingLayer {
  readonly #settings: Settings;
  readonly #onError: TransportOptions["onError"];
  #sink: ((line: string) => unknown) | null;
  #label = "";
  #startedAt = 0;
  // Where each direction's hex dump has come to.
  readonly #offsets = { sent: 0, received: 0 };

  constructor(upper: AnyProtocol, options: TransportOptions, settings: Settings) {
    super(upper, options);
    this.#settings = settings;
    this.#sink = settings.sink;
    this.#onError = options.onError;
  }

  override connectionMade(inner: Transport): void {
    const peer = inner.getExtraInfo("peername");
    this.#label = this.#settings.label ?? (peer === null ? "connection" : formatAddress(peer));
    this.#startedAt = this.#settings.clock.now();
    this.inner = inner;
    this.#log("connected");
    super.connectionMade(inner);
  }

  override dataReceived(chunk: Bytes): void | Promise<void> {
    this.#logBytes("received", chunk);
    return super.dataReceived(chunk);
  }

  override eofReceived(): boolean | void {
    this.#log("received the end of data");
    return super.eofReceived();
  }

  override pauseWriting(): void {
    this.#log("writing pauses");
    super.pauseWriting();
  }

  override resumeWriting(): void {
    this.#log("writing resumes");
    super.resumeWriting();
  }

  override connectionLost(error: Error | null): void {
    this.#log(error === null ? "ended" : `ended with ${describeError(error)}`);
    super.connectionLost(error);
  }

  protected override onWrite(pieces: readonly Uint8Array[]): void {
    const [first] = pieces;
    const isWhole = first !== undefined && pieces.length === 1;
    this.#logBytes("sent", isWhole ? first : joinBytes(pieces.map((piece) => copyOf(piece))));
  }

  override writeEof(): void {
    if (!this.isClosing()) this.#log("sends the end of data");
    super.writeEof();
  }

  override close(): void {
    if (!this.isClosing()) this.#log("closes");
    super.close();
  }

  override abort(options?: Error | AbortOptions): void {
    const wasClosing = this.isClosing();
    super.abort(options);
    if (wasClosing) return;
    const { reason, reset = false } = toAbortOptions(options);
    const what = reset ? "aborts with a reset" : "aborts";
    this.#log(reason === undefined ? what : `${what}: ${messageOf(reason)}`);
  }

  override pauseReading(): void {
    if (this.isReading()) this.#log("reading pauses");
    super.pauseReading();
  }

  override resumeReading(): void {
    if (!this.isReading() && !this.isClosing()) this.#log("reading resumes");
    super.resumeReading();
  }

  #logBytes(direction: "sent" | "received", bytes: Uint8Array): void {
    if (this.#sink === null || bytes.length === 0) return;
    const { format, maxBytes } = this.#settings;
    const shown = bytes.subarray(0, maxBytes);
    const rest = bytes.length - shown.length;
    const more = rest > 0 ? ` and ${rest} more` : "";
    const text = format === "text"
      ? `: ${JSON.stringify(new TextDecoder().decode(shown))}${more}`
      : "";
    this.#log(`${direction} ${bytes.length} bytes${text}`);
    if (format === "hex") {
      for (const line of hexDump(shown, this.#offsets[direction])) this.#print(line);
      if (rest > 0) this.#print(`... ${rest} more`);
    }
    this.#offsets[direction] += bytes.length;
  }

  #log(event: string): void {
    if (this.#sink === null) return;
    const seconds = (this.#settings.clock.now() - this.#startedAt) / 1000;
    this.#print(`${seconds.toFixed(3)} ${this.#label} ${event}`);
  }

  #print(line: string): void {
    if (this.#sink === null) return;
    callBack({ sink: this.#sink }, "sink", (_, thrown) => {
      if (this.#sink === null) return;
      this.#sink = null;
      report(this.#onError, toError(thrown), { callback: "logging sink", transport: this });
    }, line);
  }
}

/**
 * Bytes in the manner of `hexdump -C`: `00000010  48 65 6c …  |Hel…|`.
 *
 * @param bytes What to show.
 * @param offset What the first byte counts as.
 * @returns The lines, without line breaks.
 */
export function* hexDump(bytes: Uint8Array, offset = 0): Generator<string> {
  for (let start = 0; start < bytes.length; start += DUMP_LINE) {
    const line = Array.from(bytes.subarray(start, start + DUMP_LINE));
    const hex = line.map((byte) => byte.toString(16).padStart(2, "0"));
    const halves = `${hex.slice(0, 8).join(" ")}  ${hex.slice(8).join(" ")}`;
    const text = line.map((byte) => byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".");
    const address = (offset + start).toString(16).padStart(8, "0");
    yield `${address}  ${halves.padEnd(48)}  |${text.join("")}|`;
  }
}
