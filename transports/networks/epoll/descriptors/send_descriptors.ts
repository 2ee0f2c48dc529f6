import { type Bytes, copyOf } from "../../../../protocols/bytes.ts";
import type { Transport } from "../../../../protocols/contract.ts";
import { InvalidStateError } from "../../../../protocols/errors.ts";
import { check } from "../../../../protocols/option_checks.ts";
import { gateOf } from "../../../core/stack_slot.ts";
import type { SystemBytes } from "../../../core/write/system_bytes.ts";
import { checkData } from "../../../core/write/to_bytes.ts";
import { writeSystemBytes } from "../../../core/write/writing.ts";
import { MAX_DESCRIPTORS, messagesOf } from "../libc/descriptor_messages.ts";
import { MSG } from "../libc/libc.ts";
import type { StreamCarrier } from "../streams/stream_carrier.ts";
import { plainSocketOf } from "../_socket_of.ts";
import { copyDescriptors } from "./copy_descriptors.ts";
import { type Descriptor, numberOf } from "./descriptor.ts";

/**
 * Sends open descriptors with some bytes over a Unix socket on {@linkcode epollNetwork} (SCM_RIGHTS
 * of unix(7)), after the bytes that were written before. The peer gets copies of them no later than
 * the first of the bytes.
 *
 * The descriptors stay with the caller, who may close them at once: what is sent are copies, made
 * when this is called, and closed when they are sent or the connection is lost.
 *
 * @example A file for another process
 * ```ts ignore
 * import { openUnixConnection } from "@sluice/net";
 * import { epollNetwork as network, sendDescriptors } from "@sluice/net/epoll";
 *
 * const { transport } = await openUnixConnection({ path: "/run/worker.sock", network });
 * sendDescriptors(transport, [0], "my input\n");
 * ```
 *
 * @param transport The connection, without layers.
 * @param descriptors What to send, 1 to 253 of them: numbers, or their owners.
 * @param data The bytes to send with them, at least one.
 * @returns Whether the transport wants more, as `write()` does.
 * @throws {TypeError} If it is no such connection, a descriptor is not open, or there are no bytes.
 * @throws {RangeError} If there are too few or too many descriptors.
 * @throws {InvalidStateError} If a file is being sent or a layer inserted, or `writeEof()` was
 * called.
 * @throws {Deno.errors.Busy} If the process has too many descriptors open to copy one.
 */
export function sendDescriptors(
  transport: Transport,
  descriptors: readonly (Descriptor | number)[],
  data: Uint8Array | string,
): boolean {
  const { connection, carrier } = plainSocketOf("send descriptors", transport, "unix");
  checkData(data);
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : copyOf(data);
  if (bytes.length === 0) {
    throw new TypeError("Cannot send descriptors: data is empty, give at least one byte");
  }
  const numbers = numbersOf(descriptors);
  if (gateOf(transport) !== null) {
    throw new InvalidStateError(
      "Cannot send descriptors: a file is being sent or a layer inserted; await that first",
    );
  }
  const sending = new DescriptorBytes(
    carrier,
    copyDescriptors(carrier.libc, numbers, "send descriptors"),
    bytes,
  );
  return writeSystemBytes(connection, sending, bytes.length);
}

function numbersOf(descriptors: readonly (Descriptor | number)[]): number[] {
  check.listOf(() => {})(descriptors, { action: "send descriptors", name: "descriptors" });
  const { length } = descriptors;
  if (length < 1 || length > MAX_DESCRIPTORS) {
    throw new RangeError(
      `Cannot send descriptors: there are ${length}, give 1 to ${MAX_DESCRIPTORS}`,
    );
  }
  return descriptors.map((one) => numberOf("send descriptors", one));
}

/** Bytes with descriptors, in the queue of a connection. */
class DescriptorBytes implements SystemBytes {
  readonly #carrier: StreamCarrier;
  readonly #bytes: Bytes;
  #copies: readonly number[];
  #sent = 0;

  constructor(carrier: StreamCarrier, copies: readonly number[], bytes: Bytes) {
    this.#carrier = carrier;
    this.#copies = copies;
    this.#bytes = bytes;
  }

  send(): number | Promise<number> {
    return this.#carrier.sendBy(() => this.#send());
  }

  end(): void {
    this.#closeCopies();
    this.#sent = this.#bytes.length;
  }

  #closeCopies(): void {
    for (const copy of this.#copies) this.#carrier.libc.close(copy);
    this.#copies = [];
  }

  #send(): number {
    const { libc, fd } = this.#carrier;
    const rest = this.#bytes.subarray(this.#sent);
    // A send that still waits: the bytes are not to go without the descriptors.
    if (rest.length === 0) return 0;
    const n = this.#copies.length > 0
      ? messagesOf(libc).send(fd, rest, this.#copies)
      : libc.send(fd, rest, BigInt(rest.length), MSG.DONTWAIT | MSG.NOSIGNAL);
    if (n <= 0) return n;
    this.#sent += n;
    // The peer has them with the first byte.
    this.#closeCopies();
    return n;
  }
}
