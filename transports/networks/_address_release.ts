/** The ports that closed listeners of this process still hold, and when each is free again. */
const pending = new Map<number, Promise<unknown>>();

/** A listener on a port was closed; the system gives the port back when `released` has settled. */
export function releasePort(port: number, released: Promise<unknown>): void {
  const all: Promise<unknown> = Promise.allSettled([pending.get(port), released]).then(() => {
    if (pending.get(port) === all) pending.delete(port);
  });
  pending.set(port, all);
}

/** Waits until no closed listener of this process holds a port. */
export async function untilPortReleased(port: number): Promise<void> {
  await pending.get(port);
}
