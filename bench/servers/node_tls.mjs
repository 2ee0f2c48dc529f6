// node:tls with back-pressure, in plain JavaScript: the same file runs on Node and on Deno.
import { readFileSync } from "node:fs";
import { createServer } from "node:tls";

const certificates = new URL("../../examples/certificates/", import.meta.url);
const read = (name) => readFileSync(new URL(name, certificates));

const options = { cert: read("localhost.crt"), key: read("localhost.key"), noDelay: true };
const server = createServer(options, (socket) => {
  socket.on("data", (chunk) => {
    if (!socket.write(chunk)) socket.pause();
  });
  socket.on("drain", () => socket.resume());
  socket.on("error", () => {}); // the load generator went away: the end of a measurement
});
server.on("tlsClientError", () => {}); // likewise
server.listen(0, "127.0.0.1", 511, () => {
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
