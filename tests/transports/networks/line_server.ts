/** A server on nodeNetwork that sends lines back, and says its port and process. */
import { startServer } from "../../../streams/servers/start_server.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";

const server = await startServer(async ({ reader, writer }) => {
  for await (const line of reader) writer.write(line);
}, { port: 0, network: nodeNetwork });
console.log(`listening: ${server.port} ${Deno.pid}`);
