/** Takes connections from another process by a Unix socket, greets each, and gives it back. */
import { openUnixConnection, StreamConnection } from "@sluice/net";
import { connectCarrier } from "@sluice/net/transports";
import {
  adoptSocket,
  detachSocket,
  epollNetwork as network,
  receiveDescriptors,
  sendDescriptors,
} from "@sluice/net/epoll";

const [path = ""] = Deno.args;
await using channel = await openUnixConnection({ path, network });
const descriptors = receiveDescriptors(channel.transport);
for await (const line of channel.reader.lines()) {
  const socket = await descriptors.read();
  if (socket === null) break;
  const { transport } = await connectCarrier(() => ({}), adoptSocket(socket));
  const connection = StreamConnection.over(transport);
  connection.writer.write(`${line} from another process\n`);
  await connection.writer.flush();
  using back = detachSocket(transport);
  sendDescriptors(channel.transport, [back], "done\n");
}
