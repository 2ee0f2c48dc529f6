import { isLongRun } from "./long_run.ts";

/** Of so many cases of a battery one is run. */
const SHARE = 4;

/** What a battery is given: its name, and what registers its cases. */
interface Sampled {
  readonly name: string;
  readonly test: (name: string, run: () => Promise<void>) => void;
}

/**
 * For a battery whose mechanism another one tests in every case: `deno task test` runs one of four
 * cases, `deno task test:long` runs all. Which ones depends on the name, so that batteries differ.
 *
 * @param name The name of the battery.
 * @param test What registers a case, if that is not `Deno.test`.
 */
export function sampled(name: string, test: Sampled["test"] = Deno.test): Sampled {
  if (isLongRun) return { name, test };
  const letters = Array.from(name, (letter) => letter.codePointAt(0) ?? 0);
  let count = letters.reduce((sum, code) => sum + code, 0);
  return {
    name,
    test: (title, run) => {
      if (count++ % SHARE === 0) test(title, run);
    },
  };
}
