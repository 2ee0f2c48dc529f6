/**
 * Bun's own sockets. `socket.write` takes what the kernel takes and says how much that was; the
 * rest is kept here and reading stops until it is out, as Bun's manual asks of a program.
 */
interface BunSocket {
  data: { rest: Uint8Array[] };
  write(data: Uint8Array): number;
  pause(): void;
  resume(): void;
}

declare const Bun: {
  listen(options: {
    hostname: string;
    port: number;
    socket: Record<string, (socket: BunSocket, chunk: Uint8Array) => void>;
  }): { port: number };
};

const server = Bun.listen({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    open(socket): void {
      socket.data = { rest: [] };
    },
    data(socket, chunk): void {
      const { rest } = socket.data;
      const sent = rest.length > 0 ? 0 : Math.max(0, socket.write(chunk));
      if (sent === chunk.length) return;
      rest.push(chunk.slice(sent)); // the chunk is only valid during the callback
      socket.pause();
    },
    drain(socket): void {
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
    },
    error(): void {}, // the load generator went away: the end of a measurement
  },
});
console.log(`listening on 127.0.0.1:${server.port}`);
