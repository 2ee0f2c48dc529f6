/**
 * Bun's own sockets. `socket.write` takes what the kernel takes and says how much that was; the
 * rest is kept here and reading stops until it is out, as Bun's manual asks of a program.
 *
 * `--lines` answers each complete line with itself, one write a line.
 */
interface BunSocket {
  data: { rest: Uint8Array[]; held: Uint8Array | null };
  write(data: Uint8Array): number;
  pause(): void;
  resume(): void;
}

declare const Bun: {
  argv: string[];
  listen(options: {
    hostname: string;
    port: number;
    socket: Record<string, (socket: BunSocket, chunk: Uint8Array) => void>;
  }): { port: number };
};

const LINE_FEED = 10;

function send(socket: BunSocket, chunk: Uint8Array): void {
  const { rest } = socket.data;
  const sent = rest.length > 0 ? 0 : Math.max(0, socket.write(chunk));
  if (sent === chunk.length) return;
  rest.push(chunk.slice(sent)); // the chunk is only valid during the callback
  socket.pause();
}

function drain(socket: BunSocket): void {
  const { rest } = socket.data;
  for (let first = rest[0]; first !== undefined; first = rest[0]) {
    const sent = Math.max(0, socket.write(first));
    if (sent < first.length) {
      rest[0] = first.subarray(sent);
      return;
    }
    rest.shift();
  }
  socket.resume();
}

function sendLines(socket: BunSocket, chunk: Uint8Array): void {
  const { held } = socket.data;
  let data = chunk;
  if (held !== null) {
    data = new Uint8Array(held.length + chunk.length);
    data.set(held);
    data.set(chunk, held.length);
  }
  let start = 0;
  for (let end = data.indexOf(LINE_FEED); end >= 0; end = data.indexOf(LINE_FEED, start)) {
    send(socket, data.subarray(start, end + 1));
    start = end + 1;
  }
  socket.data.held = start < data.length ? data.slice(start) : null;
}

const server = Bun.listen({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    open(socket): void {
      socket.data = { rest: [], held: null };
    },
    data: Bun.argv.includes("--lines") ? sendLines : send,
    drain,
    error(): void {}, // the load generator went away: the end of a measurement
  },
});
console.log(`listening on 127.0.0.1:${server.port}`);
