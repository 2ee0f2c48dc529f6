// deno-lint-ignore-file explicit-function-return-type -- plain JavaScript, so that Node runs it
// node:net, or node:tls with `tls`, with back-pressure; the same file runs on Node and on Deno.
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import process from "node:process";
import { createServer as createTlsServer } from "node:tls";

function echo(socket) {
  socket.on("data", (chunk) => {
    if (!socket.write(chunk)) socket.pause();
  });
  socket.on("drain", () => socket.resume());
  socket.on("error", () => {}); // the load generator went away: the end of a measurement
}

function listenTls() {
  const certificates = new URL("../../examples/certificates/", import.meta.url);
  const read = (name) => readFileSync(new URL(name, certificates));
  const options = { cert: read("localhost.crt"), key: read("localhost.key"), noDelay: true };
  return createTlsServer(options, echo).on("tlsClientError", () => {});
}

const server = process.argv.includes("tls") ? listenTls() : createServer({ noDelay: true }, echo);
server.listen(0, "127.0.0.1", 511, () => {
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
