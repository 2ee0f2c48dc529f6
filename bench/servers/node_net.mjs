// deno-lint-ignore-file explicit-function-return-type -- plain JavaScript, so that Node runs it
// node:net with back-pressure; the same file runs on Node and on Deno. `--lines` answers each
// complete line with itself, one write a line, as a program without a framing library would.
import { createServer } from "node:net";
import process from "node:process";

function echo(socket) {
  socket.on("data", (chunk) => {
    if (!socket.write(chunk)) socket.pause();
  });
}

function echoLines(socket) {
  let held = null;
  socket.on("data", (chunk) => {
    const data = held === null ? chunk : Buffer.concat([held, chunk]);
    let start = 0;
    let flowing = true;
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10, start)) {
      flowing = socket.write(data.subarray(start, end + 1));
      start = end + 1;
    }
    held = start < data.length ? data.subarray(start) : null;
    if (!flowing) socket.pause();
  });
}

const handle = process.argv.includes("--lines") ? echoLines : echo;
const server = createServer({ noDelay: true }, (socket) => {
  socket.on("drain", () => socket.resume());
  socket.on("error", () => {}); // the load generator went away: the end of a measurement
  handle(socket);
});
server.listen(0, "127.0.0.1", 511, () => {
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
