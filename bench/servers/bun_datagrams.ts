/** Bun's own sockets for datagrams. */
interface BunUdpSocket {
  readonly port: number;
  send(data: Uint8Array | string, port: number, address: string): boolean;
}

declare const Bun: {
  udpSocket(options: {
    hostname: string;
    port: number;
    socket: {
      data(socket: BunUdpSocket, data: Uint8Array, port: number, address: string): void;
      error(): void;
    };
  }): Promise<BunUdpSocket>;
};

let count = 0;
const socket = await Bun.udpSocket({
  hostname: "127.0.0.1",
  port: 0,
  socket: {
    data(socket, data, port, address): void {
      if (data.length === 1024) count++;
      else socket.send(data.length === 1 ? `${count}` : data, port, address);
    },
    error(): void {}, // without it the end of the load generator ends the process
  },
});
console.log(`listening on 127.0.0.1:${socket.port}`);

export {};
