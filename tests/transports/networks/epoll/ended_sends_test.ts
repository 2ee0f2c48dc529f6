import { assertEquals, assertRejects } from "@std/assert";
import "../../../../transports/networks/epoll/epoll_network.ts";
import { AF, SOCK } from "../../../../transports/networks/epoll/libc/libc.ts";
import { listen } from "../../../../transports/networks/epoll/streams/listen.ts";
import { Pipe, pipesOf } from "../../../../transports/networks/epoll/streams/splice_pipe.ts";
import { openSystemFile } from "../../../../transports/networks/epoll/streams/system_file.ts";
import { FailingLibc } from "../../../support/doubles/failing_libc.ts";
import "../../../support/runs/reactor_rests.ts";

const ignore = Deno.build.os !== "linux";

/** Sends later only, by what it was given last. */
class LateSender {
  readonly fd: number = -1;
  call = (): number => -1;

  constructor(readonly libc: FailingLibc["libc"]) {}

  sendBy(call: () => number): Promise<number> {
    this.call = call;
    return Promise.resolve(0);
  }
}

/** A pair of sockets that do not block. */
function socketPair({ libc }: FailingLibc): [number, number] {
  const pair = new Int32Array(2);
  libc.socketpair(AF.UNIX, SOCK.STREAM | SOCK.NONBLOCK, 0, new Uint8Array(pair.buffer));
  const [a = -1, b = -1] = pair;
  return [a, b];
}

/** The calls of one function. */
function count({ calls }: FailingLibc, name: string): number {
  return calls.filter((call) => call === name).length;
}

Deno.test({
  name: "A pipe that was closed with bytes in it is read no more: its number may be another's",
  ignore,
  fn: () => {
    const failing = new FailingLibc(() => 0);
    const { libc } = failing;
    const [a, b] = socketPair(failing);
    libc.send(a, Uint8Array.of(1, 2, 3), 3n, 0);
    const pipe = pipesOf(libc).take();
    assertEquals([pipe instanceof Pipe, pipe?.fill(b)], [true, 3]);
    let later = (): number => -1;
    const bytes = pipe?.bytesFor((send) => {
      later = () => send(b);
      return new Promise(() => {});
    });
    void bytes?.send(3);
    bytes?.end();
    // The numbers are those of another one.
    const other = pipesOf(libc).take();
    libc.send(a, Uint8Array.of(4, 5, 6), 3n, 0);
    assertEquals(other?.fill(b), 3);
    const before = count(failing, "splice");
    assertEquals([later(), count(failing, "splice")], [0, before]);
    other?.close();
    for (const fd of [a, b]) {
      failing.open.add(fd);
      libc.close(fd);
    }
    assertEquals([[...failing.open], failing.faults], [[], []]);
  },
});

Deno.test({
  name: "A part of a file that was ended sends no more: the number may be another file's",
  ignore,
  fn: async () => {
    const failing = new FailingLibc(() => 0);
    const sender = new LateSender(failing.libc);
    const file = await openSystemFile(sender, new URL(import.meta.url));
    const part = file.part(0);
    await part.send(10);
    part.end();
    assertEquals([sender.call(), count(failing, "sendfile"), part.sent], [0, 0, 0]);
    file.close();
  },
});

Deno.test({
  name: "A server that takes a socket over tells why it cannot wait for it",
  ignore,
  fn: async () => {
    const failing = new FailingLibc((name) => name === "epoll_create1" ? 24 : 0);
    const { libc } = failing;
    const fd = libc.socket(AF.INET, SOCK.STREAM, 0);
    libc.listen(fd, 1);
    await assertRejects(() => listen(libc, { fd }, {}), Error, "os error 24");
    // It stays with the caller.
    libc.close(fd);
    assertEquals([[...failing.open], failing.faults], [[], []]);
  },
});
