/**
 * A server that is ended by signals: prints its port, "signal" at the first one, and the outcome as
 * JSON.
 * Arguments: the kind of server, the options of `serveUntilSignal`, and whether it has a child.
 */
import { createServer, createSubprocessExec, startServer, type Transport } from "@sluice/net";

const [kind, options = "{}", child] = Deno.args;

/** Greets, echoes, and has much to send to a client that says so. */
function echo(): object {
  let transport: Transport;
  return {
    connectionMade: (made: Transport) => {
      transport = made;
      transport.write("hello");
    },
    dataReceived: (chunk: Uint8Array) => {
      transport.write(chunk);
      if (chunk[0] === 77) transport.write(new Uint8Array(8_000_000));
    },
  };
}

const server = kind === "callbacks"
  ? await createServer(echo, { port: 0 })
  : await startServer(async ({ reader, writer }) => {
    writer.write("hello");
    for await (const line of reader) writer.write(line);
  }, { port: 0, interruptOnShutdown: kind === "streams" });
if (child) await createSubprocessExec("sleep", { args: ["60"] });
console.log(server.port);
const report = await server.serveUntilSignal({
  ...JSON.parse(options),
  onSignal: () => console.log("signal"),
});
console.log(JSON.stringify(report));
