import { AF, E, EPOLL, EPOLL_EVENT, LEVEL, type Libc, MSG, SHUT_RDWR, SO, SOCK } from "./libc.ts";

/**
 * Looks whether functions, constants and layouts are what they are taken for: on a pair of sockets,
 * before anything else is done with them.
 *
 * @throws {TypeError} If one of them is not.
 */
export function testLibc(libc: Libc): void {
  const pair = new Int32Array(2);
  const type = SOCK.STREAM | SOCK.NONBLOCK | SOCK.CLOEXEC;
  const made = libc.socketpair(AF.UNIX, type, 0, new Uint8Array(pair.buffer));
  expect(made === 0, `socketpair() fails with errno ${libc.errno}`);
  const [a = -1, b = -1] = pair;
  const epoll = libc.epoll_create1(EPOLL.CLOEXEC);
  try {
    testErrno(libc, a);
    testOptions(libc, a);
    testEvents(libc, epoll, a, b);
    testBytes(libc, a, b);
  } finally {
    for (const fd of [a, b, epoll]) libc.close(fd);
  }
}

function testErrno(libc: Libc, fd: number): void {
  const memory = new Uint8Array(8);
  expect(libc.recv(fd, memory, 8n, 0) === -1 && libc.errno === E.AGAIN, "errno is not EAGAIN");
  const flags = MSG.NOSIGNAL | MSG.DONTWAIT;
  expect(libc.send(-1, memory, 8n, flags) === -1 && libc.errno === 9, "errno is not EBADF");
}

function testOptions(libc: Libc, fd: number): void {
  const value = new Int32Array([-1]);
  const length = new Uint32Array([4]);
  const code = libc.getsockopt(
    fd,
    LEVEL.SOCKET,
    SO.TYPE,
    new Uint8Array(value.buffer),
    new Uint8Array(length.buffer),
  );
  expect(code === 0 && value[0] === SOCK.STREAM && length[0] === 4, "SO_TYPE is not the type");
}

function testEvents(libc: Libc, epoll: number, a: number, b: number): void {
  const { size, data } = EPOLL_EVENT;
  const events = new DataView(new ArrayBuffer(4 * size));
  const bytes = new Uint8Array(events.buffer);
  for (const [fd, mark] of [[a, 0x0102_0304], [b, 0x0506_0708]] as const) {
    events.setUint32(0, EPOLL.IN | EPOLL.OUT, true);
    events.setUint32(data, fd, true);
    events.setUint32(data + 4, mark, true);
    expect(libc.epoll_ctl(epoll, EPOLL.ADD, fd, bytes) === 0, "epoll_ctl() fails");
  }
  bytes.fill(0);
  expect(libc.epoll_wait(epoll, bytes, 4, 0) === 2, "epoll_wait() does not find two events");
  const found = [0, size].map((at) =>
    [
      events.getUint32(at, true),
      events.getUint32(at + data, true),
      events.getUint32(at + data + 4, true),
    ].join()
  );
  const expected = [[EPOLL.OUT, a, 0x0102_0304].join(), [EPOLL.OUT, b, 0x0506_0708].join()];
  expect(found.sort().join(" ") === expected.sort().join(" "), "struct epoll_event is different");
}

function testBytes(libc: Libc, a: number, b: number): void {
  const memory = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7);
  expect(
    libc.send(a, memory.subarray(2, 5), 3n, MSG.NOSIGNAL) === 3,
    "send() does not take 3 bytes",
  );
  const target = new Uint8Array(8);
  expect(libc.recv(b, target.subarray(4), 4n, 0) === 3, "recv() does not give 3 bytes");
  expect(target.join() === "0,0,0,0,2,3,4,0", "recv() gives other bytes");
  libc.shutdown(b, SHUT_RDWR);
  expect(libc.send(a, memory, 8n, MSG.NOSIGNAL) === -1 && libc.errno === E.PIPE, "no EPIPE");
}

function expect(isAsExpected: boolean, fault: string): void {
  if (isAsExpected) return;
  throw new TypeError(
    `Cannot use epollNetwork: the C library of this system is another one: ${fault}; take nodeNetwork`,
  );
}
