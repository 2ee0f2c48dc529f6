/**
 * Runs one scenario on this library over real sockets. Python twin: asyncio_runner.py.
 *
 * @module
 */

import { freePort } from "../../support/places/free_port.ts";
import { deadline } from "@std/async";
import { connectAcceptedSocket } from "@sluice/net";
import { join } from "node:path";
import type { End, Surroundings } from "./end.ts";
import { Fence } from "./fence.ts";
import { Lane, ScenarioError, ScenarioFault, showError } from "./lane.ts";
import { ProtocolEnd, ServerEnd } from "./protocol_ends.ts";
import { RawEnd, RawServerEnd } from "./raw_ends.ts";
import {
  type AddressSpec,
  DEFAULT_TEST_CAP,
  type ListenAddress,
  type ProtocolSpec,
  type Scenario,
  type Step,
  type Trace,
} from "./scenario.ts";
import { ReaderEnd, StreamEnd, StreamServerEnd } from "./stream_ends.ts";

/** A scenario that has not ended by then, in milliseconds, waits for something that never comes. */
const WATCHDOG_MS = 60_000;

/** Runs a scenario and returns what happened at each end. */
export async function runScenario(scenario: Scenario): Promise<Trace> {
  const world = new World(scenario);
  try {
    await deadline(world.run(), WATCHDOG_MS).catch((error) => {
      throw new Error(`Cannot finish "${scenario.name}": ${JSON.stringify(world.trace())}`, {
        cause: error,
      });
    });
    return world.trace();
  } finally {
    await deadline(world.tearDown(), WATCHDOG_MS);
  }
}

class World implements Surroundings {
  readonly #scenario: Scenario;
  readonly #lanes = new Map<string, Lane>();
  readonly #ends = new Map<string, End>();
  readonly #fence = new Fence();
  #trace: Trace | null = null;
  #directory: string | null = null;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  async run(): Promise<void> {
    await this.#setUp();
    for (const step of this.#scenario.steps) {
      // Steps without anything to wait for follow each other in the same turn, as in Python.
      const promise = this.#step(step);
      if (promise !== undefined) await promise;
    }
    await this.#passFence();
    this.#trace = this.trace();
  }

  trace(): Trace {
    if (this.#trace !== null) return this.#trace;
    const lanes = [...this.#lanes.values()].filter(({ lines }) => lines.length > 0);
    return Object.fromEntries(lanes.map(({ name, lines }) => [name, lines]));
  }

  lane(name: string, countBytes = true): Lane {
    const lane = this.#lanes.get(name) ?? new Lane(name, countBytes);
    this.#lanes.set(name, lane);
    return lane;
  }

  end(name: string): End {
    const known = this.#ends.get(name);
    if (known !== undefined) return known;
    const spec = this.#scenario.ends?.[name] ?? {};
    const face = spec.face ?? this.#scenario.faces ?? "protocol";
    const make = { protocol: ProtocolEnd, streams: StreamEnd, reader: ReaderEnd, raw: RawEnd };
    const end = new make[face](this, name, spec);
    this.#ends.set(name, end);
    return end;
  }

  protocol(label: string): ProtocolSpec {
    const spec = this.#scenario.protocols?.[label];
    if (spec === undefined) throw new ScenarioFault(`There is no protocol "${label}"`);
    return spec;
  }

  readonly onError: Surroundings["onError"] = (error, { transport }) => {
    const owner = [...this.#ends.values()].find((end) =>
      end instanceof ProtocolEnd && end.transport !== null && end.transport === transport
    );
    const lane = error instanceof ScenarioError ? error.lane : owner?.lane ?? this.lane("loop");
    lane.record(`onError ${showError(error)}`);
  };

  // Unless the scenario says otherwise, client A is connected to end B of server S.

  async #setUp(): Promise<void> {
    const { setup = "pair" } = this.#scenario;
    if (setup === "reader") {
      const reader = new ReaderEnd(this, "R", this.#scenario.ends?.["R"] ?? {});
      this.#ends.set("R", reader);
      reader.create();
    }
    if (setup !== "pair") return;
    await this.#listen("S", {});
    await this.#connect("A", "B", {});
    await this.end("A").made();
    await this.end("B").made();
  }

  async #listen(name: string, options: AddressSpec): Promise<void> {
    // The first connection of the server tells the kind of all.
    const spec = { face: this.#scenario.faces ?? "protocol", ...this.#scenario.ends?.["B"] };
    const make = { protocol: ServerEnd, streams: StreamServerEnd, reader: ServerEnd };
    const server = spec.face === "raw"
      ? new RawServerEnd(this, name, spec)
      : new make[spec.face](this, name, spec);
    this.#ends.set(name, server);
    await server.listen(await this.#resolve(options, name), options.startServing ?? true);
  }

  async #connect(name: string, peer: string | null, options: AddressSpec): Promise<void> {
    const server = this.#ends.get(options.to ?? "S");
    if (peer !== null && server instanceof ServerEnd) server.expected.push(peer);
    const { hostname, ...rest } = await this.#resolve(options, server?.name);
    const end = this.end(name);
    await end.connect({
      ...rest,
      ...(hostname !== undefined && { hostname: String(hostname) }),
      maxWriteBuffer: end.spec.maxWriteBuffer ?? DEFAULT_TEST_CAP,
      onError: this.onError,
    });
    const accepted = peer === null ? null : this.end(peer);
    if (accepted instanceof RawEnd && server instanceof RawServerEnd) {
      accepted.socket = await server.accept();
    }
  }

  /** Fills in the address: a free port to listen on, the server's own to connect to. */
  async #resolve(options: AddressSpec, serverName = ""): Promise<ListenAddress> {
    if (options.address === false) return {};
    if (this.#scenario.transport === "unix" || options.path !== undefined) {
      return { path: await this.#path(options.path ?? `${serverName}.sock`) };
    }
    const owner = this.#ends.get(options.portOf ?? serverName);
    const known = owner instanceof ServerEnd || owner instanceof RawServerEnd ? owner.port : 0;
    return { hostname: options.hostname ?? "127.0.0.1", port: options.port ?? known };
  }

  async #path(name: string): Promise<string> {
    this.#directory ??= await Deno.makeTempDir();
    return join(this.#directory, name);
  }

  /** Lets happen what is under way, however many turns a busy machine needs for it. */
  async #passFence(): Promise<void> {
    const events = () => [...this.#lanes.values()].reduce((sum, { events }) => sum + events, 0);
    for (let before = NaN; before !== events();) {
      before = events();
      await this.#fence.passBy();
    }
  }

  #step([operation, ...args]: Step): Promise<void> | undefined {
    const [name = "", method] = operation.split(".");
    if (method !== undefined) return this.end(name).perform(method, args);
    const global = this.#globalSteps()[operation];
    if (global === undefined) throw new ScenarioFault(`There is no step "${operation}"`);
    return global(args);
  }

  /** The steps that belong to no end. */
  #globalSteps(): Readonly<Record<string, (args: readonly unknown[]) => Promise<void>>> {
    return {
      fence: () => this.#passFence(),
      listen: async ([name, options]) => {
        const listening = this.#listen(String(name), addressOf(options));
        await this.#attempt(String(name), "createServer", listening);
      },
      connect: async ([name, to, options]) => {
        const peer = to === null ? null : String(to);
        const connecting = this.#connect(String(name), peer, addressOf(options));
        const succeeded = await this.#attempt(String(name), "createConnection", connecting);
        if (succeeded && peer !== null) await this.end(peer).made();
      },
      accept: ([name, peer]) => this.#accept(String(name), String(peer)),
      unusedPort: ([name]) => this.#unusedPort(String(name)),
      file: async ([name]) => Deno.writeTextFile(await this.#path(String(name)), ""),
      staleSocket: ([name]) => this.#staleSocket(String(name)),
      remove: async ([name]) => Deno.remove(await this.#path(String(name))),
      exists: async ([name]) => {
        const found = Deno.lstat(await this.#path(String(name)));
        const state = await found.then(() => "exists", () => "is gone");
        this.lane("files").record(`${name} ${state}`);
      },
    };
  }

  /** Makes `portOf: name` mean a port where nothing listens. */
  #unusedPort(name: string): Promise<void> {
    const server = new ServerEnd(this, name, {});
    server.port = freePort();
    this.#ends.set(name, server);
    return Promise.resolve();
  }

  /** Client `name` connects to a bare listener; the accepted socket becomes end `peer`. */
  async #accept(name: string, peer: string): Promise<void> {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepting = listener.accept();
    const [client, end] = [this.end(name), this.end(peer)];
    if (!(client instanceof ProtocolEnd && end instanceof ProtocolEnd)) {
      throw new ScenarioFault("Cannot accept: both ends must be protocols");
    }
    await client.connect({
      port: listener.addr.port,
      maxWriteBuffer: DEFAULT_TEST_CAP,
      onError: this.onError,
    });
    const connecting = connectAcceptedSocket(() => end.factory(), await accepting, {
      onError: this.onError,
    });
    await this.#attempt(peer, "connectAcceptedSocket", connecting);
  }

  /** Leaves a socket file without a listener: Deno removes only the name it made. */
  async #staleSocket(name: string): Promise<void> {
    const path = await this.#path(name);
    using _listener = Deno.listen({ transport: "unix", path: `${path}.first` });
    await Deno.rename(`${path}.first`, path);
  }

  /** Records how an attempt went, and returns whether it succeeded. */
  async #attempt(name: string, operation: string, attempt: Promise<unknown>): Promise<boolean> {
    const failure = await attempt.then(() => "", (error) => {
      if (error instanceof ScenarioFault) throw error;
      return ` threw ${showError(error)}`;
    });
    this.end(name).lane.record(`${operation}()${failure}`);
    return failure === "";
  }

  async tearDown(): Promise<void> {
    this.#trace ??= this.trace();
    await Promise.all([...this.#ends.values()].map((end) => end.tearDown()));
    this.#fence.close();
    if (this.#directory !== null) await Deno.remove(this.#directory, { recursive: true });
  }
}

/**
 * The options of a step: the scenarios are this folder's own, so their shape is taken at its word.
 */
function addressOf(options: unknown): AddressSpec {
  return options === undefined ? {} : options as AddressSpec;
}
