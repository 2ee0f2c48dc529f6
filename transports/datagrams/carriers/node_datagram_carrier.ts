import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import type { NetAddress } from "../../../protocols/facts/address.ts";
import type { GroupOptions } from "../../../protocols/datagram_contract.ts";
import { DatagramTooLargeError } from "../../../protocols/errors/datagram_errors.ts";
import { formatAddress } from "../../core/addresses.ts";
import { startTimer } from "../../core/clock.ts";
import { describeOsError, fromNodeError } from "../../core/os_error.ts";
import { AddressCache } from "./_address_cache.ts";
import {
  type DatagramBindOptions,
  type DatagramCarrier,
  type DatagramSink,
  emptyViews,
  MAX_DATAGRAM_SIZE,
  maxDatagramSizeOf,
} from "../datagram_carrier.ts";

/** Smaller memory is left to the garbage collector, in bytes. */
const LARGE_BUFFER = 8192;

/** Datagrams over a socket of `node:dgram`, which Deno has without a flag. */
export class NodeDatagramCarrier implements DatagramCarrier {
  readonly address: NetAddress;
  readonly maxSize: number;
  readonly #socket: Socket;
  readonly #maxDatagramSize: number;
  readonly #addresses = new AddressCache();
  #isOpen = true;

  /** Takes a socket that is bound. */
  constructor(socket: Socket, address: NetAddress, maxDatagramSize: number) {
    this.#socket = socket;
    this.address = address;
    this.maxSize = maxDatagramSizeOf(address);
    this.#maxDatagramSize = maxDatagramSize;
  }

  start(sink: DatagramSink): void {
    const max = this.#maxDatagramSize;
    this.#socket.on("message", (message, { address, port }) => {
      // The socket allocates memory for each datagram, which has no other user.
      const buffer = message.buffer as ArrayBuffer;
      const data = new Uint8Array(buffer, message.byteOffset, Math.min(message.length, max));
      const isTruncated = message.length > max;
      const use = sink.receive(data, this.#addresses.get(address, port), isTruncated);
      // By default it is 64 KiB, however small the datagram is: the garbage collector would be
      // busy.
      const isLarge = buffer.byteLength > LARGE_BUFFER;
      if (use === "lent" || (use === "copied" && isLarge)) emptyViews(data);
    });
    this.#socket.on("error", (error) => sink.fail(fromNodeError(error)));
    this.#socket.on("close", () => {
      if (this.#isOpen) sink.lose(new Deno.errors.BadResource("The socket was closed"));
    });
  }

  send(data: Uint8Array, destination: NetAddress, onSettled: (error: unknown) => void): void {
    this.#socket.send(data, destination.port, destination.hostname, (error) => {
      onSettled(error === null ? null : describeSendError(error, data.length, destination));
    });
  }

  // deno-lint-ignore require-await -- a failure rejects
  async joinGroup(group: string, { interface: where, source }: GroupOptions): Promise<void> {
    try {
      if (source === undefined) this.#socket.addMembership(group, where);
      else this.#socket.addSourceSpecificMembership(source, group, where);
    } catch (error) {
      throw describeOsError(fromNodeError(error), `Cannot join ${group}`);
    }
  }

  // deno-lint-ignore require-await -- a failure rejects
  async leaveGroup(group: string, { interface: where, source }: GroupOptions): Promise<void> {
    try {
      if (source === undefined) this.#socket.dropMembership(group, where);
      else this.#socket.dropSourceSpecificMembership(source, group, where);
    } catch (error) {
      throw describeOsError(fromNodeError(error), `Cannot leave ${group}`);
    }
  }

  close(): void {
    this.#isOpen = false;
    closeQuietly(this.#socket);
  }

  getExtraInfo(name: string): unknown {
    if (name === "socket") return this.#socket;
    return name === "sockname" ? this.address : undefined;
  }
}

/**
 * Binds a socket of `node:dgram`.
 *
 * @param hostname An IP address.
 * @param port The port, 0 for a free one.
 * @throws The error of the system.
 */
export async function bindNodeDatagrams(
  hostname: string,
  port: number,
  options: DatagramBindOptions,
): Promise<NodeDatagramCarrier> {
  const { maxDatagramSize = MAX_DATAGRAM_SIZE } = options;
  const socket = createSocket({
    type: isIPv6(hostname) ? "udp6" : "udp4",
    reuseAddr: options.reuseAddress ?? false,
    ipv6Only: options.ipv6Only ?? false,
    // Deno allocates twice this size for each datagram: 64 KiB by default. One byte more than the
    // longest datagram shows that one was longer.
    ...(maxDatagramSize < MAX_DATAGRAM_SIZE &&
      { recvBufferSize: Math.ceil((maxDatagramSize + 1) / 2) }),
    // Every address has been looked up before it gets here.
    lookup: (address, _options, callback) => callback(null, address, isIPv6(address) ? 6 : 4),
  });
  holdProcess(socket);
  try {
    const listening = once(socket, "listening");
    socket.bind(port, hostname);
    await listening;
    applyOptions(socket, options);
  } catch (error) {
    socket.on("error", () => {});
    closeQuietly(socket);
    throw fromNodeError(error);
  }
  const found = socket.address();
  const address: NetAddress = { transport: "udp", hostname: found.address, port: found.port };
  return new NodeDatagramCarrier(socket, address, maxDatagramSize);
}

function applyOptions(socket: Socket, options: DatagramBindOptions): void {
  const { allowBroadcast, ttl, multicast = {} } = options;
  if (allowBroadcast) socket.setBroadcast(true);
  if (ttl !== undefined) socket.setTTL(ttl);
  if (multicast.ttl !== undefined) socket.setMulticastTTL(multicast.ttl);
  if (multicast.loopback !== undefined) socket.setMulticastLoopback(multicast.loopback);
  if (multicast.interface !== undefined) socket.setMulticastInterface(multicast.interface);
}

/**
 * Has `ref` and `unref` of a socket act at once. Those of Deno act from the next datagram on: a
 * wait for one that is under way stays as it is. So no wait keeps the process alive, and a timer
 * does.
 */
function holdProcess(socket: Socket): void {
  socket.unref();
  const hold = (): () => void => startTimer(Number.MAX_SAFE_INTEGER, () => {});
  let release: (() => void) | null = hold();
  let isOpen = true;
  socket.ref = () => {
    if (isOpen) release ??= hold();
    return socket;
  };
  socket.unref = () => {
    release?.();
    release = null;
    return socket;
  };
  socket.once("close", () => {
    isOpen = false;
    socket.unref();
  });
}

function closeQuietly(socket: Socket): void {
  // Its event comes later.
  socket.unref();
  try {
    socket.close();
  } catch {
    // It was closed already.
  }
}

/** Deno's node:dgram has a code for one reason; it calls all others unknown. */
function describeSendError(error: Error, size: number, destination: NetAddress): Error {
  const where = formatAddress(destination);
  if ("code" in error && error.code === "EMSGSIZE") {
    return new DatagramTooLargeError(size, null, where, { cause: error });
  }
  if (Deno.permissions.querySync({ name: "net", host: where }).state !== "granted") {
    const message = `Requires net access to "${where}", run again with the --allow-net flag`;
    return new Deno.errors.NotCapable(message, { cause: error });
  }
  const message =
    `Cannot send datagram to ${where}: the system refused it and Deno does not tell ` +
    "why; there may be no route, or it is a broadcast address and allowBroadcast is not set";
  return new Error(message, { cause: error });
}
