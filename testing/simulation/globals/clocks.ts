import { type Context, currentContext } from "./context.ts";
import { type Patch, patch, patchGetter, replaced } from "./patches.ts";

/** The part of `Temporal.Now` that tells the time. */
interface TemporalNow {
  timeZoneId(): string;
  instant(): unknown;
  zonedDateTimeISO(zone?: string): unknown;
  plainDateTimeISO(zone?: string): unknown;
  plainDateISO(zone?: string): unknown;
  plainTimeISO(zone?: string): unknown;
}

/** A moment of Temporal. */
interface Zoned {
  toPlainDateTime(): unknown;
  toPlainDate(): unknown;
  toPlainTime(): unknown;
}

/** `Date`, `Intl`, `performance`, `process.hrtime` and `Temporal.Now`. */
export function clockPatches(): Patch[] {
  const { process: system } = globalThis as unknown as { process: NodeJS.Process };
  return [
    ...datePatches(),
    replaced(performance, "now", ({ process }) => process.scheduler.now),
    patchGetter(Performance.prototype, "timeOrigin", (original, self) => {
      const process = currentContext()?.process;
      return process === undefined ? original.call(self) : process.wallTime - process.scheduler.now;
    }),
    ...formatPatches(),
    patch(system, "hrtime", (original) => hrtimeOf(original)),
    ...temporalPatches(),
  ];
}

function datePatches(): Patch[] {
  const RealDate = Date;
  const VirtualDate: DateConstructor = new Proxy(RealDate, {
    apply: (): string => new Date().toString(),
    construct(target, args, maker): Date {
      const context = args.length === 0 ? currentContext() : undefined;
      return Reflect.construct(target, context === undefined ? args : [dateOf(context)], maker);
    },
  });
  return [
    replaced(RealDate, "now", dateOf),
    patch(globalThis, "Date", () => VirtualDate),
    // As `Date` itself, so that `new Date().constructor === Date`.
    { target: RealDate.prototype, name: "constructor", make: () => VirtualDate },
  ];
}

function dateOf({ process }: Context): number {
  return Math.floor(process.wallTime);
}

/** Formats without a date show the time now. */
function formatPatches(): Patch[] {
  const { prototype } = Intl.DateTimeFormat;
  const now = (): number | undefined => currentContext()?.process.wallTime;
  return [
    patch(
      prototype,
      "formatToParts",
      (original) =>
        function (this: Intl.DateTimeFormat, date?: Date | number): Intl.DateTimeFormatPart[] {
          return original.call(this, date ?? now());
        },
    ),
    patchGetter(prototype, "format", (original, self) => {
      const format = original.call(self) as Intl.DateTimeFormat["format"];
      return (date?: Date | number) => format(date ?? now());
    }),
  ];
}

function hrtimeOf(original: NodeJS.HRTime): NodeJS.HRTime {
  const nanoseconds = (): bigint | undefined => {
    const time = currentContext()?.process.scheduler.now;
    return time === undefined ? undefined : BigInt(Math.floor(time * 1e6));
  };
  const hrtime = (since?: [number, number]): [number, number] => {
    const time = nanoseconds();
    if (time === undefined) return original(since);
    const [seconds, rest] = since ?? [0, 0];
    const passed = time - BigInt(seconds) * 1_000_000_000n - BigInt(rest);
    return [Number(passed / 1_000_000_000n), Number(passed % 1_000_000_000n)];
  };
  return Object.assign(hrtime, { bigint: () => nanoseconds() ?? original.bigint() });
}

function temporalPatches(): Patch[] {
  const temporal = Reflect.get(globalThis, "Temporal") as {
    Now: TemporalNow;
    Instant: { fromEpochMilliseconds(time: number): { toZonedDateTimeISO(zone: string): Zoned } };
  } | undefined;
  if (temporal === undefined) return [];
  const { Now, Instant } = temporal;
  const instant = (context: Context) => Instant.fromEpochMilliseconds(dateOf(context));
  const zoned = (context: Context, zone: string = Now.timeZoneId()) =>
    instant(context).toZonedDateTimeISO(zone);
  const plain = (method: keyof Zoned) => (context: Context, zone?: string) =>
    zoned(context, zone)[method]();
  return [
    replaced(Now, "instant", instant),
    replaced(Now, "zonedDateTimeISO", zoned),
    replaced(Now, "plainDateTimeISO", plain("toPlainDateTime")),
    replaced(Now, "plainDateISO", plain("toPlainDate")),
    replaced(Now, "plainTimeISO", plain("toPlainTime")),
  ];
}
