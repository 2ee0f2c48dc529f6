import { assertEquals } from "@std/assert";
import type { AnyProtocol, Transport } from "../../../../protocols/contract.ts";
import { StreamReader } from "../../../../streams/reading/stream_reader.ts";
import { StreamReaderProtocol } from "../../../../streams/reading/stream_reader_protocol.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { epollNetwork as network } from "../../../../transports/networks/epoll/epoll_network.ts";
import "../../../support/runs/reactor_rests.ts";

/** How much is sent, and how much of it the first read takes. */
const SIZE = 4_194_304;
const READ = 65_536;

type Note = (size: number) => void;

/** Protocols that tell of what arrives, each time. */
const protocols: Record<string, (note: Note) => AnyProtocol> = {
  "a protocol that keeps its chunks": (note) => ({ dataReceived: ({ length }) => note(length) }),
  "a protocol that borrows them": (note) => ({
    borrowsChunks: true,
    dataReceived: ({ length }) => note(length),
  }),
  "a reader": (note) => {
    const reader = new StreamReader({ limit: SIZE });
    const protocol = new StreamReaderProtocol(reader);
    protocol.dataReceived = ({ length }) => note(length);
    return protocol;
  },
  "a buffered protocol": (note) => ({
    getBuffer: (size: number) => new Uint8Array(size),
    bufferUpdated: note,
  }),
};

const READ_WHOLE = ["a protocol that keeps its chunks", "a protocol that borrows them"];

for (const [whose, make] of Object.entries(protocols)) {
  const isBulk = READ_WHOLE.includes(whose);
  Deno.test({
    name: `epollNetwork reads ${isBulk ? "more than" : "at most"} 64 KiB at once for ${whose}`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      const sizes: number[] = [];
      const all = Promise.withResolvers<void>();
      const connected = Promise.withResolvers<Transport>();
      let left = SIZE;
      const accept = (): AnyProtocol => {
        const protocol = make((size) => {
          sizes.push(size);
          left -= size;
          if (left === 0) all.resolve();
        });
        protocol.connectionMade = (transport) => {
          transport.pauseReading();
          connected.resolve(transport);
        };
        return protocol;
      };
      const options = { port: 0, network, receiveBufferSize: SIZE };
      await using server = await createServer(accept, options);
      const { transport } = await createConnection(() => ({}), { port: server.port, network });
      const peer = await connected.promise;
      // The system takes all that it has room for before this returns.
      transport.write(new Uint8Array(SIZE));
      peer.resumeReading();
      await all.promise;
      assertEquals(sizes.some((size) => size > READ), isBulk);
      transport.abort();
      peer.abort();
      await Promise.all([transport.closed, peer.closed, server.shutdown({ grace: 0 })]);
    },
  });
}
