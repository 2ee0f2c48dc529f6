/**
 * Runs the datagram scenarios here and compares what each end was told with what `record.py`
 * recorded
 * on CPython's asyncio.
 *
 * An end that is meant to be told something else is named in `differs`, with the row of
 * `../differences.json` that says why, and with all that it is told here.
 *
 * @module
 */
import { deadline } from "@std/async";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Address } from "../../../protocols/facts/address.ts";
import type { Bytes } from "../../../protocols/bytes.ts";
import type {
  DatagramDestination,
  DatagramProtocolCallbacks,
  DatagramTransport,
} from "../../../protocols/datagram_contract.ts";
import { createDatagramEndpoint } from "../../../transports/create_datagram_endpoint.ts";
import { settle } from "../../support/time/event_loop.ts";

type Step = readonly [name: string, operation: string, ...args: unknown[]];

interface EndSpec {
  readonly hostname?: string;
  readonly local?: false;
  readonly peer?: string;
  readonly only?: "protocol";
  readonly on?: Readonly<Record<string, readonly (readonly [string, ...unknown[]])[]>>;
}

interface Scenario {
  readonly name: string;
  readonly ends: Readonly<Record<string, EndSpec>>;
  readonly steps: readonly Step[];
  readonly differs?: Readonly<
    Record<string, { readonly row: string; readonly here: readonly string[] }>
  >;
}

interface Recording {
  readonly python: string;
  readonly implementation: string;
  readonly runs: number;
  readonly traces: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** For each exception of Python, the errors here that are meant. */
const ERRORS: Readonly<Record<string, readonly string[]>> = {
  ValueError: ["TypeError", "RangeError"],
};

const PATIENCE_MS = 60_000;
const read = (path: string): string => Deno.readTextFileSync(new URL(path, import.meta.url));
// Both files are written by hand or by record.py in this shape.
const scenarios = JSON.parse(read("scenarios.json")) as readonly Scenario[];
const recording = JSON.parse(read("recorded.json")) as Recording;

class Raised extends Error {
  override readonly name = "Raised";
}

/** One endpoint: writes down its callbacks and what its methods gave. */
class End implements DatagramProtocolCallbacks {
  readonly trace: string[] = [];
  transport: DatagramTransport | null = null;
  readonly #world: World;
  readonly #spec: EndSpec;
  readonly #reacted = new Set<string>();
  #changed = Promise.withResolvers<void>();

  constructor(world: World, spec: EndSpec) {
    this.#world = world;
    this.#spec = spec;
  }

  connectionMade(transport: DatagramTransport): void {
    this.transport = transport;
    this.#tell("connectionMade");
  }

  connectionLost(error: Error | null): void {
    this.#tell("connectionLost", error?.name ?? "null");
  }

  datagramReceived(data: Bytes, address: Address): void {
    const start = new TextDecoder().decode(data.subarray(0, 20));
    const sender = this.#world.nameOf(address);
    this.#tell("datagramReceived", data.length, `'${start}'`, "from", sender);
  }

  errorReceived(error: Error): void {
    this.#tell("errorReceived", error.name);
  }

  pauseWriting(): void {
    this.#tell("pauseWriting");
  }

  resumeWriting(): void {
    this.#tell("resumeWriting");
  }

  note(...words: unknown[]): void {
    this.trace.push(words.join(" "));
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async wait(start: string, times = 1): Promise<void> {
    while (this.trace.filter((line) => line.startsWith(start)).length < times) {
      await deadline(this.#changed.promise, PATIENCE_MS);
    }
  }

  perform(operation: string, args: readonly unknown[]): void {
    if (operation === "raise") throw new Raised();
    try {
      const result = this.#call(operation, args);
      this.note(`${operation}()`, ...(result === undefined ? [] : [result]));
    } catch (error) {
      this.note(`${operation}()`, "threw", error instanceof Error ? error.name : error);
    }
  }

  #tell(callback: string, ...words: unknown[]): void {
    this.note(callback, ...words);
    if (this.#reacted.has(callback)) return;
    this.#reacted.add(callback);
    for (const [operation, ...args] of this.#spec.on?.[callback] ?? []) {
      this.perform(operation, args);
    }
  }

  #call(operation: string, args: readonly unknown[]): unknown {
    const { transport } = this;
    assert(transport !== null);
    switch (operation) {
      case "sendto":
        return this.#sendto(transport, args);
      case "getWriteBufferLimits": {
        const { low, high } = transport.getWriteBufferLimits();
        return `${low} ${high}`;
      }
      case "setWriteBufferLimits":
        return transport.setWriteBufferLimits(args[0] as { high?: number });
      case "sockname": {
        const address = transport.getExtraInfo("sockname");
        return address !== null && "hostname" in address ? address.hostname : "?";
      }
      case "peername": {
        const address = transport.getExtraInfo("peername");
        return address === null ? "null" : this.#world.nameOf(address);
      }
      case "extra":
        return transport.getExtraInfo("nothing" as never, "fallback");
      case "setProtocol": {
        const other = this.#world.end(String(args[0]));
        other.transport = transport;
        return transport.setProtocol(other);
      }
      case "close":
      case "abort":
      case "isClosing":
      case "getWriteBufferSize":
        return transport[operation]();
      default:
        throw new Error(`There is no operation "${operation}"`);
    }
  }

  #sendto(transport: DatagramTransport, [given, ...rest]: readonly unknown[]): void {
    const isValue = typeof given === "object" && given !== null && "value" in given;
    const data = typeof given === "number" ? "x".repeat(given) : isValue ? given.value : given;
    const [address] = rest;
    // The scenario is about this value, which is not bytes.
    transport.sendto(data as string, this.#world.addressOf(address));
  }
}

/** One run of one scenario. */
class World {
  readonly #ends = new Map<string, End>();

  end(name: string): End {
    const end = this.#ends.get(name);
    assert(end !== undefined, name);
    return end;
  }

  addressOf(given: unknown): DatagramDestination | null | undefined {
    if (typeof given !== "string") return given as DatagramDestination | null | undefined;
    return this.end(given).transport?.getExtraInfo("sockname");
  }

  nameOf(address: Address): string {
    for (const [name, { transport }] of this.#ends) {
      const port = "port" in address ? address.port : 0;
      if (transport?.port === port) return name;
    }
    return "a stranger";
  }

  async run({ ends, steps }: Scenario): Promise<Record<string, readonly string[]>> {
    for (const [name, spec] of Object.entries(ends)) await this.#open(name, spec);
    for (const [name, operation, ...args] of steps) {
      const end = this.end(name);
      if (operation === "wait") await end.wait(String(args[0]), Number(args[1] ?? 1));
      else if (operation === "settle") await settle();
      else end.perform(operation, args);
    }
    await settle();
    const traces = Array.from(this.#ends, ([name, { trace }]) => [name, [...trace]] as const);
    for (const { transport } of this.#ends.values()) {
      transport?.abort();
      await transport?.closed;
    }
    return Object.fromEntries(traces);
  }

  async #open(name: string, spec: EndSpec): Promise<void> {
    const end = new End(this, spec);
    this.#ends.set(name, end);
    if (spec.only === "protocol") return;
    const remoteAddr = spec.peer === undefined ? undefined : this.addressOf(spec.peer);
    const { hostname = "127.0.0.1" } = spec;
    try {
      await createDatagramEndpoint(() => end, {
        ...(spec.local ?? true ? { localAddr: { hostname, port: 0 } } : {}),
        ...(remoteAddr && "port" in remoteAddr && { remoteAddr }),
        onError: (error) => end.note("onError", error.name),
      });
    } catch (error) {
      end.note("createDatagramEndpoint()", "threw", error instanceof Error ? error.name : error);
    }
  }
}

/** Python's lines in our words; where several words are meant, that of the actual line. */
function translate(expected: readonly string[], actual: readonly string[]): string[] {
  return expected.map((line, index) => {
    for (const [python, ours] of Object.entries(ERRORS)) {
      const alternatives = ours.map((name) => line.replace(python, name));
      const found = actual[index] ?? "";
      if (line.includes(python) && alternatives.includes(found)) return found;
    }
    return line;
  });
}

Deno.test("parity: datagrams are recorded in full, with CPython 3.13", () => {
  assertEquals(recording.implementation, "CPython");
  assert(recording.python.startsWith("3.13."), recording.python);
  assert(recording.runs >= 30);
  assert(scenarios.length >= 20);
  const names = scenarios.map(({ name }) => name);
  assertEquals(Object.keys(recording.traces).sort(), names.sort());
});

for (const scenario of scenarios) {
  Deno.test(`parity: datagrams: ${scenario.name}`, async () => {
    const recorded = recording.traces[scenario.name] ?? {};
    const actual = await new World().run(scenario);
    for (const [name, lines] of Object.entries(actual)) {
      const { here } = scenario.differs?.[name] ?? {};
      const asyncio = translate(recorded[name] ?? [], lines);
      if (here !== undefined) assertNotEquals([...here], asyncio, `${name} does not differ`);
      assertEquals(lines, here ?? asyncio, name);
    }
  });
}
