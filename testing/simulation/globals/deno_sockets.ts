import { TakeQueue } from "../../../protocols/waits/take_queue.ts";
import { abortable } from "../../../protocols/waits/wait_signal.ts";
import { copyOf } from "../../../protocols/bytes.ts";
import { MAX_DATAGRAM_SIZE } from "../../../transports/datagrams/datagram_carrier.ts";
import { connectTcp, connectUnix } from "../network/handshake.ts";
import { badResource, interrupted } from "../network/socket_errors.ts";
import type { Context } from "./context.ts";
import { type Patch, replaced } from "./patches.ts";

/** The options that Deno's functions take, of every kind together. */
interface SocketOptions {
  readonly transport?: string;
  readonly hostname?: string;
  readonly port?: number;
  readonly path?: string;
  readonly signal?: AbortSignal;
  readonly tcpBacklog?: number;
  readonly reuseAddress?: boolean;
}

/** `Deno.connect`, `Deno.listen`, `Deno.listenDatagram` and `Deno.resolveDns`. */
export function socketPatches(): Patch[] {
  return [
    replaced(Deno, "connect", connect),
    replaced(Deno, "listen", listen),
    replaced(
      Deno,
      "listenDatagram",
      (context, options: SocketOptions) => new DatagramSocket(context, options),
    ),
    replaced(Deno, "resolveDns", resolveDns),
  ];
}

async function connect(context: Context, options: SocketOptions): Promise<unknown> {
  const { hostname = "127.0.0.1", port = 0, path = "", signal, transport = "tcp" } = options;
  const dialling = { lan: context.lan, from: context.machine, signal };
  if (!context.process.isAlive) return await new Promise(() => {});
  if (transport === "unix") return await connectUnix(dialling, path);
  if (transport !== "tcp") throw unsupported(transport);
  if (!(port > 0 && port < 65_536)) throw new RangeError(`Invalid port (out of range): ${port}`);
  return await connectTcp(dialling, hostname, port);
}

function listen({ machine, process }: Context, options: SocketOptions): unknown {
  const { hostname = "0.0.0.0", port = 0, path = "", transport = "tcp", tcpBacklog } = options;
  if (!process.isAlive) return machine.orphanListener();
  if (transport === "unix") return machine.listenUnix(path, tcpBacklog);
  if (transport !== "tcp") throw unsupported(transport);
  return machine.listenTcp(toAddress(hostname), port, tcpBacklog);
}

/** A host that is bound: names of the host itself are known without a look-up. */
function toAddress(hostname: string): string {
  return hostname === "localhost" ? "127.0.0.1" : hostname.replace(/^\[(.*)\]$/, "$1");
}

function unsupported(transport: string): TypeError {
  return new TypeError(`Cannot use transport "${transport}" in a simulated world`);
}

async function resolveDns(
  { lan, machine }: Context,
  query: string,
  kind: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<readonly string[]> {
  const looking = lan.names.lookUp(query, machine.name);
  const found = await abortable(looking, signal).catch(() => []);
  const ofKind = found.filter((one) => one.includes(":") === (kind === "AAAA"));
  if (ofKind.length > 0 && (kind === "A" || kind === "AAAA")) return ofKind;
  throw new Deno.errors.NotFound(`no records found for ${query} of type ${kind}`);
}

/** A `Deno.DatagramConn`. */
class DatagramSocket {
  readonly addr: Deno.NetAddr;
  readonly #socket: ReturnType<Context["postOffice"]["bind"]>;
  readonly #queue = new TakeQueue<[Uint8Array, Deno.NetAddr]>();
  #isClosed = false;

  constructor({ postOffice, machine }: Context, options: SocketOptions) {
    const { transport = "udp", hostname = "127.0.0.1", port = 0, reuseAddress = false } = options;
    if (transport !== "udp") throw unsupported(transport);
    const bindOptions = { maxDatagramSize: MAX_DATAGRAM_SIZE, isShared: reuseAddress };
    this.#socket = postOffice.bind(machine, toAddress(hostname), port, bindOptions);
    this.addr = this.#socket.addr;
    this.#socket.start({
      receive: (data, address) => {
        this.#queue.put([copyOf(data), address as Deno.NetAddr]);
        return "copied";
      },
      fail: () => {},
      lose: () => {},
    });
  }

  async receive(buffer?: Uint8Array): Promise<[Uint8Array, Deno.Addr]> {
    if (this.#isClosed) throw badResource();
    const next = await this.#queue.take();
    if (next === undefined) throw interrupted();
    const [data, from] = next;
    if (buffer === undefined) return next;
    const shown = data.subarray(0, buffer.length);
    buffer.set(shown);
    return [buffer.subarray(0, shown.length), from];
  }

  send(data: Uint8Array, addr: Deno.NetAddr): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const to = { transport: "udp", hostname: addr.hostname, port: addr.port } as const;
    this.#socket.send(data, to, (error) => error === null ? resolve(data.length) : reject(error));
    return promise;
  }

  close(): void {
    if (this.#isClosed) throw badResource();
    this.#isClosed = true;
    this.#socket.close();
    this.#queue.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<[Uint8Array, Deno.Addr], void, unknown> {
    try {
      for (;;) yield await this.receive();
    } catch (error) {
      const isOver = error instanceof Deno.errors.BadResource ||
        error instanceof Deno.errors.Interrupted;
      if (!isOver) throw error;
    }
  }
}
