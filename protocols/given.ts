/** The options of an object that are not `undefined`. */
export type Given<O> = { [K in keyof O]?: Exclude<O[K], undefined> };

/** Leaves out the options that are `undefined`: they were not given. */
export function given<O extends object>(options: O): Given<O> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Given<O>;
}
