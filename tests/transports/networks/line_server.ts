/** A server on nodeNetwork that sends lines back, and says its port and process. */
import { startServer } from "../../../streams/servers/start_server.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";

// Deno prepares for signals about a second after it starts, and crashes if it has no descriptors
// then:
// a listener has it do so now.
Deno.addSignalListener("SIGCONT", () => {});
const server = await startServer(async ({ reader, writer }) => {
  for await (const line of reader) writer.write(line);
}, { port: 0, network: nodeNetwork });
console.log(`listening: ${server.port} ${Deno.pid}`);
