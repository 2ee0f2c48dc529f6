import type { Libc } from "./libc.ts";

/** One value for each C library, made when it is first asked for: each thread has one library. */
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
