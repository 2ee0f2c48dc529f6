/** Ports below those that systems choose for a port of 0 and for clients, and above those of services. */
const FIRST = 10_000;
const COUNT = 20_000;

/**
 * A TCP port of 127.0.0.1 where nothing listens, for programs that cannot choose one themselves.
 * Tests that run at the same time do not get it by chance, as they could one that was just closed.
 */
export function freePort(): number {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
