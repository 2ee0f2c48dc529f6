import { assertEquals, assertThrows } from "@std/assert";
import { InvalidStateError } from "../../../../protocols/errors.ts";
import {
  Lifecycle,
  type LifecycleEvent,
  type LifecycleState,
} from "../../../../transports/core/ending/lifecycle.ts";

const EVENTS: LifecycleEvent[] = [
  "made",
  "peerEof",
  "writeEof",
  "close",
  "finish",
  "lose",
  "release",
];

/**
 * A way to each state, whether it counts as closing, and where each event leads, in the order
 * above.
 */
const STATES: Record<
  LifecycleState,
  [path: LifecycleEvent[], isClosing: boolean, next: (LifecycleState | null)[]]
> = {
  fresh: [[], false, ["open", null, null, null, null, null, null]],
  open: [["made"], false, [null, "readEnded", "writeEnded", "closing", null, "lost", null]],
  readEnded: [["made", "peerEof"], false, [null, null, "ended", "closing", null, "lost", null]],
  writeEnded: [["made", "writeEof"], false, [null, "ended", null, "closing", null, "lost", null]],
  ended: [["made", "peerEof", "writeEof"], false, [
    null,
    null,
    null,
    "closing",
    null,
    "lost",
    null,
  ]],
  closing: [["made", "close"], true, [null, null, null, null, "finishing", "lost", null]],
  finishing: [["made", "close", "finish"], true, [null, null, null, null, null, "lost", null]],
  lost: [["made", "lose"], true, [null, null, null, null, null, null, "closed"]],
  closed: [["made", "lose", "release"], true, [null, null, null, null, null, null, null]],
};

for (const [state, [path, isClosing, nexts]] of Object.entries(STATES)) {
  const reach = (): Lifecycle => {
    const lifecycle = new Lifecycle();
    for (const event of path) lifecycle.advance(event);
    return lifecycle;
  };

  Deno.test(`Lifecycle in the state ${state} leads where the table says`, () => {
    assertEquals([reach().state, reach().isClosing], [state, isClosing]);
    EVENTS.forEach((event, index) => {
      const next = nexts[index] ?? null;
      const lifecycle = reach();
      assertEquals(lifecycle.allows(event), next !== null, event);
      if (next !== null) {
        lifecycle.advance(event);
        assertEquals(lifecycle.state, next, event);
      } else {
        assertThrows(
          () => lifecycle.advance(event),
          InvalidStateError,
          `Cannot handle "${event}": the connection is ${state}`,
        );
        assertEquals(lifecycle.state, state, event);
      }
    });
  });
}
