/** Connects to a port of localhost by its name on nodeNetwork, and says how it went. */
import { openConnection } from "../../../streams/open_connection.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";

try {
  const port = Number(Deno.args[0]);
  await using client = await openConnection({
    hostname: "localhost",
    port,
    network: nodeNetwork,
    allErrors: Deno.args.includes("all"),
  });
  console.log(new TextDecoder().decode(await client.reader.read()));
} catch (error) {
  const [first] = error instanceof AggregateError ? error.errors : [error];
  console.log(first instanceof Error ? `${first.name}: ${first.message}` : String(first));
}
