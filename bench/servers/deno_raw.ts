/**
 * The raw Deno loop that every figure is compared with: `conn.read` into one reused buffer,
 * `conn.write` until all of it is out.
 *
 * `--lines` answers each complete line with itself; the answers to the lines of one read leave as
 * one write, which is the best that a loop written by hand can do.
 */
const LINE_FEED = 10;

async function writeAll(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  for (let sent = 0; sent < data.length;) sent += await conn.write(data.subarray(sent));
}

async function echo(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    await writeAll(conn, buffer.subarray(0, n));
  }
}

async function echoLines(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  let held = 0;
  for (;;) {
    const n = await conn.read(buffer.subarray(held));
    if (n === null) return;
    const filled = held + n;
    const answers: Uint8Array[] = [];
    let start = 0;
    for (;;) {
      const end = buffer.subarray(0, filled).indexOf(LINE_FEED, start);
      if (end < 0) break;
      answers.push(buffer.subarray(start, end + 1));
      start = end + 1;
    }
    const answer = new Uint8Array(start);
    let at = 0;
    for (const line of answers) {
      answer.set(line, at);
      at += line.length;
    }
    await writeAll(conn, answer);
    buffer.copyWithin(0, start, filled);
    held = filled - start;
    if (held === buffer.length) throw new RangeError(`Cannot read line: over ${held} bytes`);
  }
}

async function serve(conn: Deno.Conn, handle: (conn: Deno.Conn) => Promise<void>): Promise<void> {
  try {
    await handle(conn);
  } catch (error) {
    // A load generator that goes away with answers under way is the normal end of a measurement.
    if (
      !(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe)
    ) {
      throw error;
    }
  } finally {
    conn.close();
  }
}

const handle = Deno.args.includes("--lines") ? echoLines : echo;
const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(`listening on 127.0.0.1:${listener.addr.port}`);
for await (const conn of listener) {
  conn.setNoDelay(true);
  serve(conn, handle);
}
