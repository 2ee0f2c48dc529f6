import type { Libc } from "./libc.ts";

/** Makes one of something for each C library, when it is first asked for: there is one of a thread. */
export function perLibc<T>(make: (libc: Libc) => T): (libc: Libc) => T {
  const made = new WeakMap<Libc, T>();
  return (libc) => {
    const known = made.get(libc);
    if (known !== undefined) return known;
    const one = make(libc);
    made.set(libc, one);
    return one;
  };
}
