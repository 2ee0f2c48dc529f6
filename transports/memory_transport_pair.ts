import type { MemoryAddress } from "../protocols/facts/address.ts";
import type { AnyProtocol } from "../protocols/contract.ts";
import type { ByteSource, Carrier } from "./core/carrier.ts";
import { type Connected, connectOver } from "./core/connect_carrier.ts";
import { resolveTls, TLS_CHECKS, type TlsOptions } from "./tls/tls_options.ts";
import { withTlsLayer } from "./tls/tls_stack.ts";
import { check, checkOptions, optionsOf, type OptionTable } from "../protocols/option_checks.ts";
import { checkProtocolFactory } from "./core/callbacks.ts";
import { TRANSPORT_CHECKS, type TransportOptions } from "./core/transport_options.ts";
import { copyOf } from "../protocols/bytes.ts";
import { ChunkQueue } from "./core/read/chunk_queue.ts";

/**
 * How many bytes are between writer and reader before the writer waits, as in a socket's buffer.
 */
const CAPACITY = 65_536;

/** Options for {@linkcode memoryTransportPair}: how the two ends are made. */
export interface MemoryPairOptions extends TransportOptions {
  /**
   * The names of the ends in their addresses.
   *
   * @default {["a", "b"]}
   */
  readonly names?: readonly [string, string];
  /**
   * Encrypts what goes between the ends; nothing is encrypted by default. The first is the client,
   * the second the server; each may have its own options.
   */
  readonly tls?: TlsOptions | readonly [client: TlsOptions, server: TlsOptions];
}

const tlsOfOneEnd = optionsOf(TLS_CHECKS);

const CHECKS: OptionTable<MemoryPairOptions> = {
  ...TRANSPORT_CHECKS,
  names: check.listOf(check.text, { least: 2 }),
  tls: check.either(Array.isArray, check.listOf(tlsOfOneEnd, { least: 2 }), tlsOfOneEnd),
};

/**
 * Two transports connected to each other inside this process, with everything a socket has: buffers
 * of finite size, back-pressure, half-close. For tests, and for joining two parts of one program by
 * a protocol.
 *
 * Both protocols have been told of the connection when the promise resolves. Needs no permission.
 *
 * @example Two ends
 * ```ts
 * import { memoryTransportPair } from "@sluice/net";
 * import { assertEquals } from "@std/assert";
 *
 * const received = Promise.withResolvers<string>();
 * const [a, b] = await memoryTransportPair(
 *   () => ({}),
 *   () => ({ dataReceived: (chunk) => received.resolve(new TextDecoder().decode(chunk)) }),
 * );
 * a.transport.write("over there");
 * assertEquals(await received.promise, "over there");
 * a.transport.close();
 * await b.transport.closed;
 * ```
 *
 * @param protocolFactoryA Makes the protocol of the first end.
 * @param protocolFactoryB Makes the protocol of the second end.
 * @param options Names, and what both ends have in common.
 * @returns The two ends, each with the protocol that its factory made.
 * @throws The error that a factory throws; both ends are closed then.
 * @throws {RangeError} If a limit is out of range.
 */
export async function memoryTransportPair<A extends AnyProtocol, B extends AnyProtocol>(
  protocolFactoryA: () => A,
  protocolFactoryB: () => B,
  options: MemoryPairOptions = {},
): Promise<[Connected<A>, Connected<B>]> {
  checkProtocolFactory(protocolFactoryA);
  checkProtocolFactory(protocolFactoryB);
  checkOptions("make pair", options, CHECKS);
  const [optionsA, optionsB] = securedOptions(options);
  const [nameA, nameB] = options.names ?? ["a", "b"];
  const there = new MemoryPipe();
  const back = new MemoryPipe();
  const carrierA = new MemoryCarrier(back, there, nameA, nameB);
  const carrierB = new MemoryCarrier(there, back, nameB, nameA);
  const [a, b] = await Promise.allSettled([
    connectOver(protocolFactoryA, carrierA, optionsA),
    connectOver(protocolFactoryB, carrierB, optionsB),
  ]);
  if (a.status === "fulfilled" && b.status === "fulfilled") return [a.value, b.value];
  for (const end of [a, b]) {
    if (end.status === "fulfilled") end.value.transport.abort();
  }
  throw a.status === "rejected" ? a.reason : b.status === "rejected" && b.reason;
}

/** The options of each end. */
function securedOptions(options: MemoryPairOptions): [TransportOptions, TransportOptions] {
  const { tls } = options;
  if (tls === undefined) return [options, options];
  const [client, server] = "length" in tls ? tls : [{ ...tls, serverSide: false }, tls];
  return [
    withTlsLayer(options, resolveTls({ tls: client }, false)),
    withTlsLayer(options, resolveTls({ tls: server }, true)),
  ];
}

/** One end of the pair. */
class MemoryCarrier implements Carrier {
  readonly #incoming: MemoryPipe;
  readonly #outgoing: MemoryPipe;
  readonly #local: MemoryAddress;
  readonly #remote: MemoryAddress;

  constructor(incoming: MemoryPipe, outgoing: MemoryPipe, local: string, remote: string) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.#local = { transport: "memory", name: local };
    this.#remote = { transport: "memory", name: remote };
  }

  get source(): ByteSource {
    return this.#incoming;
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#outgoing.write(bytes);
  }

  // deno-lint-ignore require-await -- the pipe ends at once
  async closeWrite(): Promise<void> {
    this.#outgoing.end();
  }

  close(): void {
    this.#outgoing.end();
    this.#incoming.abandon();
  }

  getExtraInfo(name: string): unknown {
    if (name === "peername") return this.#remote;
    return name === "sockname" ? this.#local : undefined;
  }
}

/** One direction of a connection inside this process: bytes are copied in and come out in order. */
class MemoryPipe extends ChunkQueue {
  /**
   * Copies in what there is room for, at least one byte, after waiting for room if need be.
   *
   * @throws {Deno.errors.BrokenPipe} If it will not be read.
   */
  async write(bytes: Uint8Array): Promise<number> {
    await this.below(CAPACITY);
    if (this.isDropping) throw new Deno.errors.BrokenPipe("the other end is closed");
    const part = copyOf(bytes, 0, CAPACITY - this.size);
    this.put(part);
    return part.length;
  }
}
