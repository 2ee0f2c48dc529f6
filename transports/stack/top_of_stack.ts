import type { Transport } from "../../protocols/contract.ts";

/** Told that `after` is on top of a connection in the place of `before`; `first` was there before layers came and went. */
export type TopFollower = (first: Transport, before: Transport, after: Transport) => void;

const followers = new Set<TopFollower>();
const firsts = new WeakMap<Transport, Transport>();

/** Tells of every connection whose layers change, until {@linkcode unfollowTops}. */
export function followTops(follower: TopFollower): void {
  followers.add(follower);
}

/** The reverse of {@linkcode followTops}. */
export function unfollowTops(follower: TopFollower): void {
  followers.delete(follower);
}

/** A layer was put on top of a transport, or taken off. */
export function moveTop(before: Transport, after: Transport): void {
  const first = firsts.get(before) ?? before;
  firsts.set(after, first);
  for (const follower of followers) follower(first, before, after);
}
