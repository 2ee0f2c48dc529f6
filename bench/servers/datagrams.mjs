// node:dgram; the same file runs on Node and on Deno. With "small" it takes no more than 1 KiB.
import { createSocket } from "node:dgram";
import process from "node:process";

const small = process.argv.includes("small");
const socket = createSocket({ type: "udp4", ...(small && { recvBufferSize: 1024 }) });
let count = 0;

socket.on("message", (data, { port, address }) => {
  if (data.length === 1024) count++;
  else socket.send(data.length === 1 ? `${count}` : data, port, address, () => {});
});
socket.bind(0, "127.0.0.1", () => {
  console.log(`listening on 127.0.0.1:${socket.address().port}`);
});
