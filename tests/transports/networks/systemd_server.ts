/** Serves the sockets that systemd passed on: each client is told the port that it came to. */
import { nodeNetwork } from "../../../transports/networks/node_network.ts";
import { startServer } from "../../../streams/servers/start_server.ts";

const server = await startServer(({ writer }) => {
  const here = writer.getExtraInfo("sockname");
  writer.write(here !== null && "port" in here ? `${here.port}` : "?");
}, { fd: Deno.args[0] ?? "systemd", network: nodeNetwork });
console.log(`serving ${server.addresses.length}`);
