/** Sluice's streams: read, write, drain, in asyncio's words. */
import { startServer } from "../../mod.ts";

const server = await startServer(async ({ reader, writer }) => {
  for (let data = await reader.read(65_536); data.length > 0; data = await reader.read(65_536)) {
    writer.write(data);
    await writer.drain();
  }
}, { hostname: "127.0.0.1", port: 0 });
console.log(`listening on 127.0.0.1:${server.port}`);
await server.serveForever();
