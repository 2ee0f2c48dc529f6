/** One thing that everything a battery tests must do. */
export interface BatteryCase<S, Gap extends string> extends CaseLimits<Gap> {
  /** The required behaviour, as a sentence. */
  readonly name: string;
  /** Rejects if it does something else. */
  run(scene: S): Promise<void>;
}

/** Which gaps decide about a case. */
interface CaseLimits<Gap extends string> {
  /** The abilities that the case needs. */
  readonly needs?: readonly Gap[];
  /** The gap whose presence the case checks, instead of those that need what it lacks. */
  readonly gap?: Gap;
}

/** Cases by their names. */
type NamedCases<S> = Readonly<Record<string, (scene: S) => Promise<void>>>;

/** The cases of one subject; the limits are the same for all. */
export function namedCases<S, Gap extends string>(
  cases: NamedCases<S>,
  limits: CaseLimits<Gap> = {},
): BatteryCase<S, Gap>[] {
  return Object.entries(cases).map(([name, run]) => ({ name, run, ...limits }));
}

/** The cases for what has these gaps. */
export function selectCases<S, Gap extends string>(
  cases: readonly BatteryCase<S, Gap>[],
  gaps: readonly Gap[],
): BatteryCase<S, Gap>[] {
  return cases.filter(({ needs = [], gap }) =>
    gap === undefined ? !needs.some((need) => gaps.includes(need)) : gaps.includes(gap)
  );
}
