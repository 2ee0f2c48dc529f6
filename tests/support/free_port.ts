/** A TCP port of 127.0.0.1 that nobody listened on a moment ago: for programs that cannot choose one themselves. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
