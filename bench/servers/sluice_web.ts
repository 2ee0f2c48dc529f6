/** Sluice's Web pair: the same `readable.pipeTo(writable)` as Deno's own echo. */
import { startServer } from "../../mod.ts";

const server = await startServer(async ({ readable, writable }) => {
  await readable.pipeTo(writable);
}, { hostname: "127.0.0.1", port: 0 });
console.log(`listening on 127.0.0.1:${server.port}`);
await server.serveForever();
