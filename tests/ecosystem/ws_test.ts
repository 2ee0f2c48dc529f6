import { assertEquals } from "@std/assert";
import { type EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import { serveHttp, toNodeStream } from "../../node/mod.ts";
import { ecosystemTest } from "./ecosystem_test_case.ts";
import { load } from "./packages.ts";
import { onAllRoads } from "./roads.ts";

/** The parts of ws that are used here. */
interface Ws {
  readonly default: new (url: string, options: object) => Socket;
  readonly WebSocketServer: new (options: object) => EventEmitter;
}
interface Socket extends EventEmitter {
  send(data: string): void;
  close(): void;
}

ecosystemTest({
  name: "ws runs over connections, as a client and as a server",
  async run(t): Promise<void> {
    const { default: WebSocket, WebSocketServer } = await load<Ws>("ws");
    const server = createServer();
    const sockets = new WebSocketServer({ server });
    await using listening = await serveHttp(server, { port: 0 });
    sockets.on("connection", (socket: Socket) => {
      socket.on("message", (data) => socket.send(`${String(data).length}`));
    });
    await onAllRoads(t, listening.port, async (connect) => {
      const connection = await connect();
      const socket = new WebSocket("ws://test.example/", {
        createConnection: () => toNodeStream(connection),
      });
      await once(socket, "open");
      for (const size of [5, 300_000]) {
        socket.send("x".repeat(size));
        assertEquals(String((await once(socket, "message"))[0]), `${size}`);
      }
      const closed = once(socket, "close");
      socket.close();
      assertEquals((await closed)[0], 1005);
    });
  },
});
