/**
 * The C library with calls that fail when a test wants it, and with a list of the descriptors that
 * it has opened.
 *
 * @module
 */
import { F, type Libc } from "../../../transports/networks/epoll/libc/libc.ts";
import { loadLibc } from "../../../transports/networks/epoll/libc/load_libc.ts";

type Call = (...args: unknown[]) => unknown;

/** The calls that give a descriptor. */
const OPENING: readonly string[] = [
  "socket",
  "accept4",
  "epoll_create1",
  "eventfd",
  "open",
  "posix_openpt",
];

/** The calls that the system does not let fail, and those of memory. */
const SURE: readonly string[] = [
  "__errno_location",
  "calloc",
  "callocAddress",
  "close",
  "memcpy",
  "memcpyFrom",
  "memcpyTo",
  "memset",
  "read",
  "usleep",
  "write",
];

/** The descriptors that a call has opened. */
function openedBy(name: string, args: readonly unknown[], result: unknown): readonly number[] {
  if (OPENING.includes(name) || (name === "fcntl" && args[1] === F.DUPFD_CLOEXEC)) {
    return [Number(result)];
  }
  const [pair] = args;
  return name === "pipe2" && pair instanceof Uint8Array ? [...new Int32Array(pair.buffer)] : [];
}

/** A C library for one test, with a reactor of its own. */
export class FailingLibc {
  /** The C library that the network is given. */
  readonly libc: Libc;
  /** The descriptors that were opened and not closed. */
  readonly open: Set<number> = new Set();
  /** The calls on descriptors that were not open. */
  readonly faults: string[] = [];
  /** The names of the calls that may fail, in their order. */
  readonly calls: string[] = [];
  #errno = 0;

  /** `fails` gives the errno of the failure of a call, or 0. */
  constructor(fails: (name: string, index: number) => number) {
    const real = loadLibc();
    const wrapped = Object.entries(real as unknown as Record<string, Call>)
      .filter(([name]) => name !== "errno")
      .map(([name, call]) => [name, this.#wrap(name, call, fails)]);
    const errno = () => this.#errno === 0 ? real.errno : this.#errno;
    this.libc = Object.defineProperty(Object.fromEntries(wrapped), "errno", { get: errno });
  }

  #wrap(name: string, call: Call, fails: (name: string, index: number) => number): Call {
    return (...args) => {
      if (/^(memcpy|usleep|memset|calloc)/.test(name)) return call(...args);
      this.#errno = SURE.includes(name) ? 0 : fails(name, this.calls.length);
      if (!SURE.includes(name)) this.calls.push(name);
      const fd = args[0];
      if (name === "close" && !this.open.delete(Number(fd))) this.faults.push(`close(${fd})`);
      if (this.#errno !== 0) return name === "waitOnThread" ? Promise.resolve(-1) : -1;
      const result = call(...args);
      if (typeof result === "number" && result >= 0) {
        for (const one of openedBy(name, args, result)) {
          this.open.add(one);
        }
      }
      return result;
    };
  }
}
