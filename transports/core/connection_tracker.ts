import type { Transport } from "../../protocols/contract.ts";

/** Told when connections begin and end: by a server, for instance. */
export interface ConnectionTracker {
  /** A connection is there. */
  onMade(transport: Transport): void;
  /** It has ended, after `connectionLost`. */
  onClosed(transport: Transport): void;
}
