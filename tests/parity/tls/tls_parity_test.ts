/**
 * Runs the TLS scenarios here and compares what each end was told with what `record.py` recorded on
 * CPython's asyncio.
 *
 * An end that is meant to be told something else is named in `differs`, with the row of
 * `../differences.json` that says why, and with all that it is told here.
 *
 * @module
 */
import { deadline } from "@std/async";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { ProtocolCallbacks, Transport } from "../../../protocols/contract.ts";
import { createConnection } from "../../../transports/create_connection.ts";
import { createServer } from "../../../transports/create_server.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";
import { withNetwork } from "../../../transports/networks/with_network.ts";
import { startTls } from "../../../transports/tls/start_tls.ts";
import type { TlsOptions, TlsVersion } from "../../../transports/tls/tls_options.ts";
import { settle } from "../../support/time/event_loop.ts";

type Name = "a" | "b";
type Engine = "native" | "layer";
type Entry = readonly (string | number | boolean | null)[];
type Step = readonly [Name, string, (string | number | readonly string[])?];

interface Difference {
  readonly row: string;
  readonly here: readonly Entry[];
}

interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly onMade?: Partial<Record<Name, string>>;
  readonly onData?: Partial<Record<Name, string>>;
  readonly onEof?: Partial<Record<Name, string>>;
  readonly only?: readonly Name[];
  /** Which engine it is about; both, if not given. */
  readonly engine?: Engine;
  readonly maxVersion?: TlsVersion;
  readonly alpn?: readonly [readonly string[], readonly string[]];
  readonly untrusted?: boolean;
  readonly plain?: boolean;
  /** With it `a` is recorded with a client that can half-close, which asyncio's cannot. */
  readonly halfCloses?: boolean;
  readonly differs?: Partial<Record<Name, Difference>>;
}

interface Recording {
  readonly python: string;
  readonly implementation: string;
  readonly traces: Readonly<Record<string, Partial<Record<Name, readonly Entry[]>>>>;
}

const PATIENCE_MS = 60_000;
const read = (path: string): string => Deno.readTextFileSync(new URL(path, import.meta.url));
const pem = (name: string): string => read(`../../../examples/certificates/${name}`);
// Both files are written by hand or by record.py in this shape.
const scenarios = JSON.parse(read("scenarios.json")) as readonly Scenario[];
const recording = JSON.parse(read("recorded.json")) as Recording;

/** One end of a connection: writes down its callbacks, pieces of data joined. */
class End implements ProtocolCallbacks {
  readonly trace: Entry[] = [];
  transport: Transport | null = null;
  readonly #onMade: string | undefined;
  readonly #onData: string | undefined;
  readonly #onEof: string | undefined;
  #received = 0;
  #changed = Promise.withResolvers<void>();

  constructor(name: Name, { onMade, onData, onEof }: Scenario) {
    this.#onMade = onMade?.[name];
    this.#onData = onData?.[name];
    this.#onEof = onEof?.[name];
  }

  note(...entry: Entry): void {
    this.trace.push(entry);
    this.#change();
  }

  connectionMade(transport: Transport): void {
    this.transport = transport;
    this.note("made");
    if (this.#onMade === "close") transport.close();
  }

  dataReceived(chunk: Uint8Array): void {
    this.#received += chunk.length;
    const last = this.trace.at(-1);
    const before = last?.[0] === "data" ? Number(this.trace.pop()?.[1]) : 0;
    this.note("data", before + chunk.length);
    if (this.#onData === "close") this.transport?.close();
    if (this.#onData === "raise") {
      throw Object.assign(new Error("On purpose"), { name: "ZeroDivisionError" });
    }
  }

  eofReceived(): void {
    this.note("eof");
    if (this.#onEof === "answer") this.transport?.write("answer");
  }

  connectionLost(error: Error | null): void {
    this.note("lost", error && error.name);
  }

  reached(what: string): boolean {
    if (what === "lost") return this.trace.at(-1)?.[0] === "lost";
    return this.#received >= Number(what.split(" ")[1]);
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await deadline(this.#changed.promise, PATIENCE_MS);
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

async function run(scenario: Scenario, engine: Engine): Promise<Record<Name, End>> {
  const { maxVersion, alpn, plain = false } = scenario;
  const ends = { a: new End("a", scenario), b: new End("b", scenario) };
  const client: TlsOptions = {
    serverName: "localhost",
    caCerts: [pem(scenario.untrusted ? "stranger.crt" : "ca.crt")],
    ...(maxVersion && { maxVersion }),
    ...(alpn && { alpnProtocols: alpn[0] }),
  };
  const own: TlsOptions = {
    cert: pem("localhost.crt"),
    key: pem("localhost.key"),
    ...(alpn && { alpnProtocols: alpn[1] }),
  };
  const chosen = plain || maxVersion ? {} : { engine };
  await using server = await createServer(() => ends.b, {
    port: 0,
    onError: () => {},
    ...(!plain && { tls: { ...own, ...chosen } }),
  });
  try {
    await createConnection(() => ends.a, {
      port: server.port,
      onError: () => {},
      ...(!plain && { tls: { ...client, ...chosen } }),
    });
    await ends.b.until(() => ends.b.transport !== null);
    for (const step of scenario.steps) await perform(step, ends, client, own);
    for (const end of [ends.a, ends.b]) {
      end.transport?.abort();
      await end.transport?.closed;
    }
  } catch (error) {
    if (!scenario.untrusted) throw error;
    ends.a.note("not connected");
  }
  return ends;
}

async function perform(
  [name, action, argument]: Step,
  ends: Record<Name, End>,
  client: TlsOptions,
  own: TlsOptions,
): Promise<void> {
  const end = ends[name];
  // Bytes under way may arrive before the note.
  if (action === "note") await settle();
  if (action === "until") return await end.until(() => end.reached(String(argument)));
  if (action === "startTls") {
    const [a, b] = [ends.a.transport, ends.b.transport];
    if (a === null || b === null) throw new Error("Not connected");
    [ends.a.transport, ends.b.transport] = await Promise.all([
      startTls(a, ends.a, client),
      startTls(b, ends.b, { ...own, serverSide: true }),
    ]);
  } else if (end.transport !== null) act(end, end.transport, action, argument);
}

function act(end: End, transport: Transport, action: string, argument: Step[2]): void {
  if (action === "write") transport.write(String(argument));
  else if (action === "writeMany") transport.write(new Uint8Array(Number(argument)));
  else if (action === "writelines") transport.writelines(Array.isArray(argument) ? argument : []);
  else if (action === "writeEof") transport.writeEof();
  else if (action === "close") transport.close();
  else if (action === "abort") transport.abort();
  else if (action === "pause") transport.pauseReading();
  else if (action === "resume") transport.resumeReading();
  else if (action === "isReading") end.note("isReading", transport.isReading());
  else if (action === "isClosing") end.note("isClosing", transport.isClosing());
  else if (action === "canWriteEof") end.note("canWriteEof", transport.canWriteEof());
  else if (action === "info") end.note("alpn", transport.getExtraInfo("alpnProtocol"));
  else if (action === "note") end.note("note", String(argument));
  else if (action === "limits") {
    const { low, high } = transport.getWriteBufferLimits();
    end.note("limits", low, high);
  } else throw new Error(`Cannot perform "${action}"`);
}

/**
 * An end is told what asyncio tells it, unless the scenario says what else, and that is something
 * else.
 */
function compare(scenario: Scenario, name: Name, trace: readonly Entry[]): void {
  const asyncio = recording.traces[scenario.name]?.[name] ?? [];
  const difference = scenario.differs?.[name];
  assertEquals(trace, difference?.here ?? asyncio, `end ${name}`);
  if (difference === undefined) return;
  assertNotEquals(difference.here, asyncio, `end ${name}: "${difference.row}" is not needed`);
}

Deno.test("TLS as in asyncio: recorded in full, with CPython 3.13", () => {
  assertEquals(recording.implementation, "CPython");
  assert(recording.python.startsWith("3.13."), recording.python);
  const names = scenarios.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length, "two scenarios have the same name");
  assertEquals(Object.keys(recording.traces).sort(), names.sort());
});

for (const engine of ["native", "layer"] as const) {
  for (const scenario of scenarios) {
    if ((scenario.engine ?? engine) !== engine) continue;
    Deno.test(`TLS as in asyncio (${engine}): ${scenario.name}`, async () => {
      const ends = await run(scenario, engine);
      for (const name of scenario.only ?? ["a", "b"] as const) {
        compare(scenario, name, ends[name].trace);
      }
    });
  }
}

for (const scenario of scenarios) {
  if (scenario.engine === "native") continue;
  Deno.test(`TLS as in asyncio (nodeNetwork): ${scenario.name}`, async () => {
    const ends = await withNetwork(nodeNetwork, () => run(scenario, "layer"));
    for (const name of scenario.only ?? ["a", "b"] as const) {
      compare(scenario, name, ends[name].trace);
    }
  });
}
