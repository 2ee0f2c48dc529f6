/**
 * The C library of Linux: every function, constant and layout that this folder uses, with where it
 * is written down. All of them are the same on x86-64 and aarch64 unless they say otherwise, and in
 * glibc and musl.
 *
 * - No pointer outlives its call: memory is passed as views, which the functions use until they
 *   return. The one function that returns later, {@linkcode Libc.waitOnThread}, is given memory of
 *   the C library, which JavaScript can neither free nor move.
 * - `errno` is read directly after the call that failed, by a copy that cannot fail itself.
 *
 * @module
 */

/** The functions. Sizes are below 2^31, so results of type `ssize_t` fit into an `i32`. */
const SYMBOLS = {
  // socket(2), socketpair(2), bind(2), listen(2), connect(2), accept4(2), shutdown(2), close(2)
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  accept4: { parameters: ["i32", "buffer", "buffer", "i32"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  // getsockname(2), getpeername(2), getsockopt(2), setsockopt(2)
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  // recv(2), send(2), recvfrom(2), sendto(2)
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
  recvfrom: {
    parameters: ["i32", "buffer", "usize", "i32", "buffer", "buffer"],
    result: "i32",
  },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "i32" },
  // sendmmsg(2), with the address of structures
  sendmmsg: { parameters: ["i32", "usize", "u32", "i32"], result: "i32" },
  // epoll_create1(2), epoll_ctl(2), epoll_wait(2), eventfd(2), read(2), write(2)
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
  waitOnThread: {
    name: "epoll_wait",
    parameters: ["i32", "pointer", "i32", "i32"],
    result: "i32",
    nonblocking: true,
  },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  // sendmsg(2) and recvmsg(2), with the address of a `struct msghdr`
  sendmsg: { parameters: ["i32", "usize", "i32"], result: "i32" },
  recvmsg: { parameters: ["i32", "usize", "i32"], result: "i32" },
  // pipe2(2), splice(2) and sendfile(2), with an offset of 64 bits
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  splice: { parameters: ["i32", "pointer", "i32", "pointer", "usize", "u32"], result: "i32" },
  sendfile: { parameters: ["i32", "i32", "buffer", "usize"], result: "i32" },
  // posix_openpt(3), grantpt(3), unlockpt(3), ptsname_r(3), ioctl(2), open(2), fchown(2)
  posix_openpt: { parameters: ["i32"], result: "i32" },
  grantpt: { parameters: ["i32"], result: "i32" },
  unlockpt: { parameters: ["i32"], result: "i32" },
  ptsname_r: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  ioctl: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  fchown: { parameters: ["i32", "u32", "u32"], result: "i32" },
  // fcntl(2), with a number as its argument
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // usleep(3)
  usleep: { parameters: ["u32"], result: "i32" },
  // if_nametoindex(3), if_indextoname(3), calloc(3)
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
  if_indextoname: { parameters: ["u32", "buffer"], result: "pointer" },
  calloc: { parameters: ["usize", "usize"], result: "pointer" },
  // memcpy(3), out of memory of the C library, and memset(3), in it: UnsafePointerView needs the
  // permission for every library
  memcpy: { parameters: ["buffer", "pointer", "usize"], result: "pointer" },
  memset: { parameters: ["pointer", "i32", "usize"], result: "pointer" },
  // The same with addresses as numbers, for structures that have pointers in them
  callocAddress: { name: "calloc", parameters: ["usize", "usize"], result: "usize" },
  memcpyTo: { name: "memcpy", parameters: ["usize", "buffer", "usize"], result: "usize" },
  memcpyFrom: { name: "memcpy", parameters: ["buffer", "usize", "usize"], result: "usize" },
  // errno(3): the LSB names the function, musl has it too.
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** The functions, and what the last one that failed left in `errno`. */
export interface Libc extends Functions {
  /** Why the last call failed. To be read before the next one. */
  readonly errno: number;
}

type Functions = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** bits/socket.h: families. */
export const AF = { UNSPEC: 0, UNIX: 1, INET: 2, INET6: 10 } as const;

/** bits/socket_type.h: types, and the flags that {@linkcode Libc.socket} and `accept4` take. */
export const SOCK = { STREAM: 1, DGRAM: 2, NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const;

/** bits/socket.h: flags of `recv` and `send`. */
export const MSG = {
  CTRUNC: 0x8,
  TRUNC: 0x20,
  DONTWAIT: 0x40,
  NOSIGNAL: 0x4000,
  ERRQUEUE: 0x2000,
  CMSG_CLOEXEC: 0x4000_0000,
} as const;

/** bits/socket.h: the type of control data of {@linkcode LEVEL.SOCKET} that are descriptors. */
export const SCM = { RIGHTS: 1 } as const;

/** asm-generic/fcntl.h: commands of `fcntl`, and the flag of `SETFD`. */
export const F = { SETFD: 2, GETFL: 3, SETFL: 4, DUPFD_CLOEXEC: 1030, CLOEXEC: 1 } as const;

/** bits/fcntl-linux.h: flags of `splice`. */
export const SPLICE = { MOVE: 1, NONBLOCK: 2 } as const;

/** asm-generic/fcntl.h: flags of `pipe2`, `open` and `posix_openpt`. */
export const O = { RDWR: 2, NOCTTY: 0o400, NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const;

/** asm-generic/ioctls.h: sets the size of a terminal. */
export const TIOCSWINSZ = 0x5414;

/** sys/socket.h: `how` of `shutdown`: no more is sent. */
export const SHUT_WR = 1;

/** sys/socket.h: `how` of `shutdown`: no more is sent or received. */
export const SHUT_RDWR = 2;

/** sys/epoll.h: operations and events. */
export const EPOLL = {
  CLOEXEC: 0o2000000,
  ADD: 1,
  DEL: 2,
  MOD: 3,
  IN: 0x1,
  PRI: 0x2,
  OUT: 0x4,
  ERR: 0x8,
  HUP: 0x10,
} as const;

/** sys/eventfd.h. */
export const EFD = { NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const;

/** Levels of options: asm-generic/socket.h, netinet/in.h, linux/udp.h. */
export const LEVEL = { SOCKET: 1, IP: 0, TCP: 6, UDP: 17, IPV6: 41 } as const;

/** asm-generic/socket.h: options of {@linkcode LEVEL.SOCKET}. */
export const SO = {
  REUSEADDR: 2,
  TYPE: 3,
  ERROR: 4,
  BROADCAST: 6,
  SNDBUF: 7,
  RCVBUF: 8,
  KEEPALIVE: 9,
  LINGER: 13,
  REUSEPORT: 15,
  PEERCRED: 17,
  ACCEPTCONN: 30,
} as const;

/** netinet/tcp.h: options of {@linkcode LEVEL.TCP}. */
export const TCP = {
  NODELAY: 1,
  KEEPIDLE: 4,
  KEEPINTVL: 5,
  KEEPCNT: 6,
  INFO: 11,
  USER_TIMEOUT: 18,
  FASTOPEN: 23,
  FASTOPEN_CONNECT: 30,
} as const;

/** bits/in.h: options of {@linkcode LEVEL.IP}. */
export const IP = { TOS: 1, BIND_ADDRESS_NO_PORT: 24 } as const;

/** bits/in.h: options of {@linkcode LEVEL.IPV6}. */
export const IPV6 = { V6ONLY: 26, TCLASS: 67 } as const;

/** asm-generic/errno-base.h, asm-generic/errno.h. */
export const E = {
  NOENT: 2,
  INTR: 4,
  IO: 5,
  BADF: 9,
  AGAIN: 11,
  NODEV: 19,
  INVAL: 22,
  SPIPE: 29,
  PIPE: 32,
  NOSYS: 38,
  PROTO: 71,
  OVERFLOW: 75,
  NONET: 64,
  MSGSIZE: 90,
  NOPROTOOPT: 92,
  OPNOTSUPP: 95,
  ADDRNOTAVAIL: 99,
  NETDOWN: 100,
  NETUNREACH: 101,
  NOTCONN: 107,
  CONNREFUSED: 111,
  HOSTDOWN: 112,
  HOSTUNREACH: 113,
  INPROGRESS: 115,
} as const;

/**
 * sys/epoll.h: `struct epoll_event` has `uint32_t events` and then 64 bits of data. It is packed on
 * x86-64 (`EPOLL_PACKED`), and aligned to 8 bytes elsewhere.
 */
export const EPOLL_EVENT: { readonly size: number; readonly data: number } =
  Deno.build.arch === "x86_64" ? { size: 12, data: 4 } : { size: 16, data: 8 };

/**
 * Opens the C library.
 *
 * @throws If it is not there, or the permission is missing.
 */
export function openLibc(path: string): Libc {
  const { symbols } = Deno.dlopen(path, SYMBOLS);
  const location = symbols.__errno_location();
  if (location === null) throw new TypeError(`Cannot use ${path}: it has no errno`);
  const errno = new Int32Array(1);
  const bytes = new Uint8Array(errno.buffer);
  return Object.defineProperty({ ...symbols, errno: 0 }, "errno", {
    get: () => {
      // The memory of this thread, on which an isolate of Deno stays.
      symbols.memcpy(bytes, location, 4n);
      return errno[0] ?? 0;
    },
  });
}
