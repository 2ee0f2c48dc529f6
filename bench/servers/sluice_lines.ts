/** Sluice's streams, line by line: each line is answered with itself. */
import { startServer } from "../../mod.ts";

const server = await startServer(async ({ reader, writer }) => {
  for (let line = await reader.readline(); line.length > 0; line = await reader.readline()) {
    writer.write(line);
    await writer.drain();
  }
}, { hostname: "127.0.0.1", port: 0 });
console.log(`listening on 127.0.0.1:${server.port}`);
await server.serveForever();
