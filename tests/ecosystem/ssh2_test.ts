import { assertEquals } from "@std/assert";
import { once } from "node:events";
import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { connectNodeStream, toNodeStream } from "../../node/mod.ts";
import { startServer } from "../../streams/servers/start_server.ts";
import { StreamConnection } from "../../streams/stream_connection.ts";
import { ecosystemTest } from "./ecosystem_test_case.ts";
import { load } from "./packages.ts";
import { onAllRoads } from "./roads.ts";
import { startSshd } from "./servers.ts";

/** The parts of ssh2 that are used here. */
interface Ssh2 {
  readonly default: { readonly Client: new () => Client };
}
interface Client extends EventEmitter {
  connect(options: object): void;
  forwardOut(
    from: string,
    fromPort: number,
    to: string,
    port: number,
    done: (error: Error | undefined, channel: Duplex) => void,
  ): void;
  end(): void;
}

ecosystemTest({
  name: "ssh2 runs over a connection, and its channel is a connection again",
  program: "/usr/sbin/sshd",
  async run(t): Promise<void> {
    const { default: { Client } } = await load<Ssh2>("ssh2");
    await using server = await startSshd();
    const privateKey = await Deno.readTextFile(`${server.folder}/key`);
    const username = Deno.env.get("USER") ?? "root";
    await using echo = await startServer(
      ({ readable, writable }) => readable.pipeTo(writable),
      { port: 0 },
    );
    await onAllRoads(t, server.port, async (connect) => {
      const client = new Client();
      client.connect({ sock: toNodeStream(await connect()), username, privateKey });
      await once(client, "ready");
      const channel = await new Promise<Duplex>((resolve, reject) => {
        client.forwardOut("127.0.0.1", 0, "127.0.0.1", echo.port, (error, duplex) => {
          if (error) reject(error);
          else resolve(duplex);
        });
      });
      const { transport } = await connectNodeStream(() => ({}), channel);
      const { reader, writer } = StreamConnection.over(transport);
      const sent = new Uint8Array(3_000_000).map((_, index) => index % 253);
      writer.write(sent);
      writer.writeEof();
      assertEquals(await reader.read(), sent);
      writer.close();
      await writer.waitClosed();
      const closed = once(client, "close");
      client.end();
      await closed;
    });
  },
});
