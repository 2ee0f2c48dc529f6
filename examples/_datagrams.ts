/**
 * Shared by the examples with datagrams. Your own program does not need this file.
 *
 * @module
 */
import { type DatagramTransport, formatAddress } from "@sluice/net";
import { count, stopRequested } from "./_program.ts";

/** Says where an endpoint is bound, and closes it at Ctrl-C or SIGTERM. */
export async function serveDatagrams(transport: DatagramTransport): Promise<void> {
  const stop = stopRequested();
  console.log(`listening on ${formatAddress(transport.getExtraInfo("sockname"))}`);
  console.log("stop with Ctrl-C");
  await Promise.race([stop, transport.closed]);
  transport.close();
  const { error, received, sent } = await transport.closed;
  if (error) throw error;
  console.log(`stopped after ${count(received, "datagram")} in, ${count(sent, "datagram")} out`);
}

/** Text from the network without control characters. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- these are what is meant
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "?");
}
