import { LEVEL, type Libc, MSG, SCM } from "./libc.ts";
import { NativeMemory } from "./native_memory.ts";
import { perLibc } from "./per_libc.ts";

/** The most descriptors that a message has: SCM_MAX_FD of unix(7). */
export const MAX_DESCRIPTORS = 253;

/** `struct msghdr` of recvmsg(2), and where its fields are. */
export const MSGHDR = { size: 56, iov: 16, iovlen: 24, control: 32, controllen: 40, flags: 48 };
/** `struct cmsghdr` of cmsg(3), and where its fields are; the data follow. */
export const CMSGHDR = { size: 16, level: 8, type: 12 };

/** Where everything lies in the memory: `struct msghdr`, `struct iovec`, control data, data. */
const IOV_AT = MSGHDR.size;
const CONTROL_AT = IOV_AT + 16;
/** Room for the most descriptors, and for control data of another kind. */
const CONTROL_SIZE = CMSGHDR.size + 4 * (MAX_DESCRIPTORS + 1) + 64;
const DATA_AT = CONTROL_AT + CONTROL_SIZE;
/** How many bytes go at once. */
const DATA_SIZE = 65_536;

/** Messages with descriptors on a Unix socket: sendmsg(2) and recvmsg(2). */
export class DescriptorMessages {
  /** The descriptors of the last message that was received. */
  received: readonly number[] = [];
  /** Whether it had more than the system could give: this process has too many open. */
  isTruncated = false;
  readonly #libc: Libc;
  readonly #memory: NativeMemory;
  // A copy of all but the data.
  readonly #head: DataView<ArrayBuffer> = new DataView(new ArrayBuffer(DATA_AT));
  readonly #headBytes = new Uint8Array(this.#head.buffer);

  /** Takes its memory. */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#memory = new NativeMemory(libc, DATA_AT + DATA_SIZE);
  }

  /** Sends the start of some bytes with descriptors; gives what sendmsg(2) gives. */
  send(fd: number, bytes: Uint8Array<ArrayBuffer>, descriptors: readonly number[]): number {
    const size = Math.min(bytes.length, DATA_SIZE);
    const length = CMSGHDR.size + 4 * descriptors.length;
    // With the padding, as CMSG_SPACE has it.
    this.#setHead(size, length + (length % 8));
    const head = this.#head;
    head.setBigUint64(CONTROL_AT, BigInt(length), true);
    head.setInt32(CONTROL_AT + CMSGHDR.level, LEVEL.SOCKET, true);
    head.setInt32(CONTROL_AT + CMSGHDR.type, SCM.RIGHTS, true);
    for (const [i, one] of descriptors.entries()) {
      head.setInt32(CONTROL_AT + CMSGHDR.size + 4 * i, one, true);
    }
    this.#memory.set(this.#headBytes, 0);
    this.#memory.set(bytes.subarray(0, size), DATA_AT);
    return this.#libc.sendmsg(fd, this.#memory.address, MSG.DONTWAIT | MSG.NOSIGNAL);
  }

  /** Receives bytes, and descriptors if there are any; gives what recvmsg(2) gives. */
  receive(fd: number, bytes: Uint8Array<ArrayBuffer>): number {
    this.#setHead(Math.min(bytes.length, DATA_SIZE), CONTROL_SIZE);
    this.#memory.set(this.#headBytes, 0);
    const flags = MSG.DONTWAIT | MSG.CMSG_CLOEXEC;
    const n = this.#libc.recvmsg(fd, this.#memory.address, flags);
    this.received = [];
    this.isTruncated = false;
    if (n <= 0) return n;
    this.#memory.get(this.#headBytes, 0);
    this.isTruncated = (this.#head.getInt32(MSGHDR.flags, true) & MSG.CTRUNC) !== 0;
    this.received = readDescriptors(this.#control());
    this.#memory.get(bytes.subarray(0, n), DATA_AT);
    return n;
  }

  #control(): DataView {
    const length = Number(this.#head.getBigUint64(MSGHDR.controllen, true));
    return new DataView(this.#head.buffer, CONTROL_AT, Math.min(length, CONTROL_SIZE));
  }

  #setHead(size: number, controlSize: number): void {
    const { address } = this.#memory;
    const head = this.#head;
    this.#headBytes.fill(0);
    head.setBigUint64(MSGHDR.iov, address + BigInt(IOV_AT), true);
    head.setBigUint64(MSGHDR.iovlen, 1n, true);
    head.setBigUint64(MSGHDR.control, address + BigInt(CONTROL_AT), true);
    head.setBigUint64(MSGHDR.controllen, BigInt(controlSize), true);
    head.setBigUint64(IOV_AT, address + BigInt(DATA_AT), true);
    head.setBigUint64(IOV_AT + 8, BigInt(size), true);
  }
}

/** Reads control data: the descriptors that it has in one or several messages. */
export function readDescriptors(control: DataView): number[] {
  const found: number[] = [];
  for (let at = 0; at + CMSGHDR.size <= control.byteLength;) {
    const length = Number(control.getBigUint64(at, true));
    const isRights = control.getInt32(at + CMSGHDR.level, true) === LEVEL.SOCKET &&
      control.getInt32(at + CMSGHDR.type, true) === SCM.RIGHTS;
    const end = Math.min(at + length, control.byteLength);
    for (let i = at + CMSGHDR.size; isRights && i + 4 <= end; i += 4) {
      found.push(control.getInt32(i, true));
    }
    // The next one begins where a pointer may.
    at += Math.max(CMSGHDR.size, Math.ceil(length / 8) * 8);
  }
  return found;
}

/** The sender and receiver of descriptors in this thread. */
export const messagesOf: (libc: Libc) => DescriptorMessages = perLibc((libc) =>
  new DescriptorMessages(libc)
);
