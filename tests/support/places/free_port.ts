/**
 * Ports below those that systems choose for a port of 0 and for clients, and above those of
 * services.
 */
const FIRST = 10_000;
/** How many ports a test file has for itself, and how many files can have some. */
const EACH = 20;
const BLOCKS = 1000;
/** Variables of the process, as the tests that run at the same time share no other memory. */
const TAKEN = "SLUICE_TESTS_PORTS_";

let first = 0;
let next = 0;

/**
 * A TCP port of 127.0.0.1 where nothing listens, for programs that cannot choose one themselves and
 * for connections that are to be refused. Other tests do not get it by chance, as they could one
 * that was just closed.
 */
export function freePort(): number {
  if (first === 0) first = takeBlock();
  for (;;) {
    const port = first + next++ % EACH;
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

/** The first port of a block that no other file has. By chance: two may look at the same time. */
function takeBlock(): number {
  for (;;) {
    const block = Math.floor(Math.random() * BLOCKS);
    const name = `${TAKEN}${block}`;
    if (Deno.env.get(name) !== undefined) continue;
    Deno.env.set(name, "taken");
    return FIRST + block * EACH;
  }
}
