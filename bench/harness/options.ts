/** The command line. */

/** What the user asked for. */
export interface BenchOptions {
  /** Servers to measure, by name; empty for all. */
  readonly only: readonly string[];
  /** Scenarios to measure, by name; empty for those of the mode. */
  readonly scenarios: readonly string[];
  /** How often each server is measured in each scenario. */
  readonly rounds: number;
  /** Length of a measured window, in milliseconds. */
  readonly windowMs: number;
  /** Length of the warm-up before it, in milliseconds. */
  readonly warmupMs: number;
  /** Whether the run has to be over within a minute. */
  readonly quick: boolean;
  /** Where the report goes as JSON: a file, "-" for standard output, `null` for nowhere. */
  readonly json: string | null;
  /** Whether to compare with the committed ratios. */
  readonly check: boolean;
  /** The report with the ratios to compare with, `null` for the committed one. */
  readonly baseline: string | null;
  /** Whether to draw the pictures. */
  readonly pictures: boolean;
  /** Which load generator to use, `null` for the best there is. */
  readonly load: "c" | "deno" | null;
  /** Whether to print the names of servers and scenarios and end. */
  readonly list: boolean;
  /** Whether to print the help and end. */
  readonly help: boolean;
}

/** The names that options may use. */
export interface KnownNames {
  /** Names of the servers. */
  readonly servers: readonly string[];
  /** Names of the scenarios. */
  readonly scenarios: readonly string[];
}

/** The help text. */
export const HELP = `Compares this library with what a user would pick instead.

deno task bench [options]

  --only NAMES      measure these servers only, by name, separated by commas; NAME* takes all that
                    begin so; what ratios are taken to always runs too
  --scenario NAMES  measure these scenarios only, likewise
  --rounds N        rounds of every server in every scenario (3; with --check 5; with --quick 1)
  --window MS       length of a measured window (1000; with --quick 150)
  --quick           the scenarios that say most, in under a minute; noisy
  --json FILE       write the report to FILE as well, - for standard output
  --check           measure ours and the raw loop (or what else ratios are taken to), compare our
                    ratios with bench/baseline.json and fail if one got worse by more than the
                    noise measured
  --baseline FILE   compare with the ratios of FILE instead, a report that --json has written
  --pictures        draw bench/pictures/*.svg from this run
  --load c|deno     use this load generator (in C where there is a compiler, else in TypeScript)
  --list            print the names of servers and scenarios
  --help            print this

Environment: PYTHON names the Python to use first.
Exit status: 0 all is well, 1 a server answered wrongly, ours failed or got worse, 2 bad options.`;

const FLAGS = ["--quick", "--check", "--pictures", "--list", "--help"];
const VALUED = ["--baseline", "--only", "--scenario", "--rounds", "--window", "--json", "--load"];

function split(args: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  const rest = args.flatMap((arg) => {
    const at = arg.startsWith("--") ? arg.indexOf("=") : -1;
    return at < 0 ? [arg] : [arg.slice(0, at), arg.slice(at + 1)];
  });
  for (let i = 0; i < rest.length; i++) {
    const name = rest[i] ?? "";
    if (FLAGS.includes(name)) found.set(name, "");
    else if (VALUED.includes(name)) {
      const value = rest[++i];
      if (value === undefined) throw new TypeError(`Cannot read options: ${name} has no value`);
      found.set(name, value);
    } else throw new TypeError(`Cannot read options: ${name} is unknown, see --help`);
  }
  return found;
}

function choose(text: string | undefined, known: readonly string[], kind: string): string[] {
  if (text === undefined) return [];
  const wanted = text.split(",").map((name) => name.trim()).filter((name) => name !== "");
  if (wanted.length === 0) throw new TypeError(`Cannot choose ${kind}s: no name is given`);
  const chosen = wanted.flatMap((name) => {
    const stem = name.slice(0, -1);
    const hits = name.endsWith("*")
      ? known.filter((one) => one.startsWith(stem))
      : known.filter((one) => one === name);
    if (hits.length > 0) return hits;
    throw new TypeError(`Cannot choose ${kind} ${name}: known are ${known.join(", ")}`);
  });
  return known.filter((name) => chosen.includes(name));
}

function count(text: string | undefined, name: string, fallback: number, most: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new RangeError(`Cannot read ${name}: value is ${text}, expected 1 to ${most}`);
}

/**
 * Reads the command line.
 *
 * @param args The arguments.
 * @param known The names that may be used.
 * @returns The options, defaults filled in.
 * @throws {TypeError} If an option or a name is unknown, or two exclude each other.
 * @throws {RangeError} If a number is out of range.
 */
export function parseOptions(args: readonly string[], known: KnownNames): BenchOptions {
  const found = split(args);
  const quick = found.has("--quick");
  const check = found.has("--check");
  const load = found.get("--load") ?? null;
  if (load !== null && load !== "c" && load !== "deno") {
    throw new TypeError(`Cannot choose load generator: value is ${load}, expected c or deno`);
  }
  if (quick && check) {
    throw new TypeError("Cannot check: --quick measures too little to compare anything");
  }
  const rounds = count(found.get("--rounds"), "--rounds", check ? 5 : quick ? 1 : 3, 100);
  if (check && rounds < 3) {
    throw new RangeError(`Cannot check: ${rounds} rounds show no noise, at least 3 are needed`);
  }
  const windowMs = count(found.get("--window"), "--window", quick ? 150 : 1000, 60_000);
  return {
    only: choose(found.get("--only"), known.servers, "server"),
    scenarios: choose(found.get("--scenario"), known.scenarios, "scenario"),
    rounds,
    windowMs,
    warmupMs: quick ? 250 : Math.min(windowMs, 500),
    quick,
    json: found.get("--json") ?? null,
    check,
    baseline: found.get("--baseline") ?? null,
    pictures: found.has("--pictures"),
    load,
    list: found.has("--list"),
    help: found.has("--help"),
  };
}
