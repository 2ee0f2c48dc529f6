/**
 * Runs the TLS scenarios here and compares what each end was told with what `record.py` recorded on CPython's asyncio.
 *
 * A scenario that names a `difference` must differ, at the ends of `differs`, and nowhere else. One difference
 * concerns all: asyncio calls `eof_received` when the peer answers our own close; here nothing but the
 * loss is told after `close()`, with TLS as without.
 *
 * @module
 */
import { deadline } from "@std/async";
import { assertEquals, assertNotEquals } from "@std/assert";
import type { ProtocolCallbacks, Transport } from "../../../protocols/contract.ts";
import { createConnection } from "../../../transports/create_connection.ts";
import { createServer } from "../../../transports/create_server.ts";
import { startTls } from "../../../transports/tls/start_tls.ts";
import type { TlsOptions, TlsVersion } from "../../../transports/tls/tls_options.ts";

type Name = "a" | "b";
type Entry = readonly (string | number | boolean | null)[];
type Step = readonly [Name, string, (string | number | readonly string[])?];

interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly onMade?: Partial<Record<Name, string>>;
  readonly onData?: Partial<Record<Name, string>>;
  readonly only?: readonly Name[];
  readonly maxVersion?: TlsVersion;
  readonly alpn?: readonly [readonly string[], readonly string[]];
  readonly untrusted?: boolean;
  readonly plain?: boolean;
  readonly difference?: string;
  readonly differs?: readonly Name[];
}

const PATIENCE_MS = 10_000;
const read = (path: string): string => Deno.readTextFileSync(new URL(path, import.meta.url));
const pem = (name: string): string => read(`../../../examples/certificates/${name}`);
// Both files are written by hand or by record.py in this shape.
const scenarios = JSON.parse(read("scenarios.json")) as readonly Scenario[];
const recorded = JSON.parse(read("recorded.json")) as Record<string, Record<Name, Entry[]>>;

/** One end of a connection: writes down its callbacks, pieces of data joined. */
class End implements ProtocolCallbacks {
  readonly trace: Entry[] = [];
  transport: Transport | null = null;
  readonly #onMade: string | undefined;
  readonly #onData: string | undefined;
  #received = 0;
  #changed = Promise.withResolvers<void>();

  constructor(onMade: string | undefined, onData: string | undefined) {
    this.#onMade = onMade;
    this.#onData = onData;
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

async function run(scenario: Scenario, engine: "native" | "layer"): Promise<Record<Name, End>> {
  const { onMade = {}, onData = {}, maxVersion, alpn, plain = false } = scenario;
  const ends = { a: new End(onMade.a, onData.a), b: new End(onMade.b, onData.b) };
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

/** What asyncio told, without the end of data after a close of one's own. */
function expectedOf(scenario: Scenario, name: Name): Entry[] {
  const { steps, onMade, onData } = scenario;
  const closes = steps.some(([end, action]) => end === name && action === "close") ||
    onMade?.[name] === "close" || onData?.[name] === "close";
  return (recorded[scenario.name]?.[name] ?? []).filter(([entry]) => !closes || entry !== "eof");
}

for (const engine of ["native", "layer"] as const) {
  for (const scenario of scenarios) {
    Deno.test(`TLS as in asyncio (${engine}): ${scenario.name}`, async () => {
      const ends = await run(scenario, engine);
      for (const name of scenario.only ?? ["a", "b"] as const) {
        const expected = expectedOf(scenario, name);
        if (scenario.differs?.includes(name)) {
          assertNotEquals(ends[name].trace, expected, "no difference any more");
        } else assertEquals(ends[name].trace, expected, `end ${name}`);
      }
    });
  }
}
