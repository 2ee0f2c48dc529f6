/**
 * For tests on epollNetwork: a file that imports this has each test end when nothing is open there
 * any more and no thread waits for it. On a busy machine that can be a while after the last
 * connection has ended, and the rest of the work would be taken for a leak of the next test.
 *
 * @module
 */
import { delay } from "@std/async";
import type { Libc } from "../../../transports/networks/epoll/libc/libc.ts";
import { loadLibc } from "../../../transports/networks/epoll/libc/load_libc.ts";
import { reactorOf } from "../../../transports/networks/epoll/_reactor.ts";
import { settle } from "../time/event_loop.ts";

/** How often it is looked whether the last connection has ended. */
const MAX_LOOKS = 100;
/** How long a thread may need that is woken up. */
const PATIENCE_MS = 10_000;

const waits = new Set<Promise<number>>();
const libc = Deno.build.os === "linux" ? watchedLibc() : null;

/** The C library; its waits on other threads are noted. */
function watchedLibc(): Libc {
  const libc = loadLibc();
  const { waitOnThread } = libc;
  const noted: typeof waitOnThread = (...args) => {
    const wait = waitOnThread(...args);
    waits.add(wait);
    void wait.finally(() => waits.delete(wait));
    return wait;
  };
  return Object.assign(libc, { waitOnThread: noted });
}

/** Waits until nothing is open on epollNetwork, and no thread waits for it. */
export async function reactorRests(): Promise<void> {
  if (libc === null) return;
  const reactor = reactorOf(libc);
  for (let look = 0; look < MAX_LOOKS && reactor.size > 0; look++) await settle();
  // Something is left open: the sanitizer tells of it.
  if (reactor.size > 0 || waits.size === 0) return;
  const abort = new AbortController();
  const patience = delay(PATIENCE_MS, { signal: abort.signal }).catch(() => {});
  await Promise.race([Promise.all(waits), patience]);
  abort.abort();
}

Deno.test.afterEach(reactorRests);
