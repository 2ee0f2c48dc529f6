/**
 * Ports below those that systems choose for a port of 0 and for clients, and above those of
 * services.
 */
const FIRST = 10_000;
const COUNT = 20_000;
/** A variable of the process, as the tests that run at the same time share no other memory. */
const NEXT = "SLUICE_TESTS_NEXT_PORT";

/**
 * A TCP port of 127.0.0.1 where nothing listens, for programs that cannot choose one themselves.
 * Tests that run at the same time do not get it by chance, as they could one that was just closed.
 */
export function freePort(): number {
  for (;;) {
    const next = Number(Deno.env.get(NEXT) ?? Math.floor(Math.random() * COUNT));
    Deno.env.set(NEXT, String((next + 1) % COUNT));
    const port = FIRST + next;
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
