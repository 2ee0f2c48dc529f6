/**
 * Gives the socket with the number 3 to two servers, and tells how the second one fails and whether
 * the first one still serves.
 */
import { openConnection } from "../../../streams/open_connection.ts";
import { startServer } from "../../../streams/servers/start_server.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";

const options = { fd: 3, network: nodeNetwork };
await using server = await startServer(({ writer }) => void writer.write("served"), options);
try {
  await startServer(null, options);
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  await using client = await openConnection({ port: server.port });
  console.log(`${error.message}; ${new TextDecoder().decode(await client.reader.read())}`);
}
