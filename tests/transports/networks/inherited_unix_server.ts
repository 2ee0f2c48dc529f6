/**
 * Serves one client on the socket with the number 3, tells it the kind of its connection, and ends.
 */
import { startServer } from "../../../streams/servers/start_server.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";

const server = await startServer(null, { fd: 3, network: nodeNetwork });
const connection = await server.accept();
connection.writer.write(`${connection.writer.getExtraInfo("sockname")?.transport}`);
await connection.close();
await server.shutdown();
