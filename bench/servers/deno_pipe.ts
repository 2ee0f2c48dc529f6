/** Deno's own Web streams: `conn.readable.pipeTo(conn.writable)`, as its manual shows an echo. */
const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(`listening on 127.0.0.1:${listener.addr.port}`);
for await (const conn of listener) {
  conn.setNoDelay(true);
  // Rejects when the load generator goes away with answers under way: the end of a measurement.
  conn.readable.pipeTo(conn.writable).catch(() => {});
}
