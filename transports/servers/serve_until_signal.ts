import { check, checkOptions, given, type OptionTable } from "../../protocols/option_checks.ts";
import { wasRaisedAgain } from "../core/system/own_signals.ts";
import type { ShutdownOptions, ShutdownReport } from "./shutdown_options.ts";

/** Options for `Server.serveUntilSignal`. */
export interface ServeUntilSignalOptions {
  /**
   * How many milliseconds connections may take to finish after the first signal. Then they are
   * aborted.
   *
   * @default {10000}
   */
  readonly grace?: number;
  /**
   * The signals that end the server: SIGINT (Ctrl-C) and SIGTERM by default; on Windows, which has
   * no SIGTERM, SIGINT and SIGBREAK.
   */
  readonly signals?: readonly string[];
  /**
   * Whether the connections are closed at the first signal, when the bytes queued for them are
   * sent. By default those of protocols are, as an idle one knows of no signal; those of stream
   * handlers are not, as their waits end by themselves, and they may have something left to say.
   */
  readonly closeClients?: boolean;
  /** Called at the first signal, before the server stops listening. */
  readonly onSignal?: (signal: string) => unknown;
}

/** The cause of the end of a server, and how its connections ended. */
export interface ServeReport extends ShutdownReport {
  /** The first signal; `null` if the server was closed without one. */
  readonly signal: string | null;
}

const CHECKS: OptionTable<ServeUntilSignalOptions> = {
  grace: check.duration({ zero: true }),
  signals: check.listOf(check.text, { least: 1 }),
  closeClients: check.flag,
  onSignal: check.functionLike("(signal) => …"),
};

const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/** The part of a server that is needed here. */
interface Serving {
  serveForever(): Promise<void>;
  close(): void;
  closeClients(): void;
  shutdown(options: ShutdownOptions): Promise<ShutdownReport>;
}

/** As `Server.serveUntilSignal`. */
export async function serveUntilSignal(
  server: Serving,
  options: ServeUntilSignalOptions,
  closesClients: boolean,
): Promise<ServeReport> {
  checkOptions("serve until signal", options, CHECKS);
  const { grace, closeClients = closesClients, onSignal } = options;
  const first = Promise.withResolvers<string>();
  const second = new AbortController();
  let signal: string | null = null;
  const stopListening = listen(options.signals ?? SIGNALS, (name) => {
    if (signal !== null) return second.abort();
    signal = name;
    first.resolve(name);
  });
  try {
    const name = await Promise.race([first.promise, server.serveForever().then(() => null)]);
    try {
      if (name !== null) onSignal?.(name);
    } finally {
      server.close();
    }
    const ended = server.shutdown(given({ grace, signal: second.signal }));
    if (closeClients) server.closeClients();
    return { ...await ended, signal };
  } finally {
    stopListening();
  }
}

/** Calls back for each of some signals, until the function that it returns is called. */
function listen(names: readonly string[], onSignal: (name: string) => void): () => void {
  const listeners: [Deno.Signal, () => void][] = [];
  const stop = (): void => {
    for (const [name, listener] of listeners) Deno.removeSignalListener(name, listener);
  };
  for (const name of names as readonly Deno.Signal[]) {
    const listener = (): void => {
      if (!wasRaisedAgain(name)) onSignal(name);
    };
    try {
      Deno.addSignalListener(name, listener);
    } catch (error) {
      stop();
      throw new TypeError(`Cannot serve until signal: this system has no "${name}" to listen for`, {
        cause: error,
      });
    }
    listeners.push([name, listener]);
  }
  return stop;
}
