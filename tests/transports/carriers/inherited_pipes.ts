/**
 * Passes on what comes from descriptor 3 to descriptor 4, in capitals; then says how both ended.
 */
import {
  connectReadPipe,
  connectWritePipe,
} from "../../../transports/carriers/pipes/connect_pipes.ts";

const output = await connectWritePipe(() => ({}), 4);
const input = await connectReadPipe(() => ({
  dataReceived: (chunk) =>
    void output.transport.write(new TextDecoder().decode(chunk).toUpperCase()),
}), 3);
const { endedBy } = await input.transport.closed;
output.transport.close();
const { bytesWritten } = await output.transport.closed;
const stdout = await connectWritePipe(() => ({}), Deno.stdout);
stdout.transport.write(`${endedBy}, ${bytesWritten} bytes\n`);
stdout.transport.close();
await stdout.transport.closed;
const stdin = await connectReadPipe(() => ({
  dataReceived: (chunk) => void console.log(`stdin: ${chunk.length} bytes`),
}), Deno.stdin);
stdin.transport.close();
