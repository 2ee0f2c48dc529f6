import { assertEquals } from "@std/assert";
import { settle } from "../time/event_loop.ts";

/** How often it is looked whether the runtime has closed what is its own. */
const MAX_LOOKS = 100;

/** The targets of this process's descriptors, without those of the runtime that come and go. */
export function openDescriptors(): string[] {
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      return [Deno.readLinkSync(`/proc/self/fd/${name}`)];
    } catch {
      return [];
    }
  }).filter((name) => /^(socket|pipe)|\/dev\/pt|^\/tmp/.test(name)).sort();
}

/**
 * Checks that the process has open what it had before; what the runtime closes a little later is
 * waited for. Only where a test is alone in its process, see `alone` and `testAlone`.
 */
export async function assertDescriptors(before: readonly string[]): Promise<void> {
  const isSame = () => openDescriptors().join() === before.join();
  for (let look = 0; look < MAX_LOOKS && !isSame(); look++) await settle();
  assertEquals(openDescriptors(), before);
}
