import { currentContext } from "./context.ts";
import { type Patch, patch, patchGetter } from "./patches.ts";

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
    patch(performance, "now", (original) => () => {
      const process = currentContext()?.process;
      return process === undefined ? original.call(performance) : process.scheduler.now;
    }),
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
  const now = (): number | undefined => {
    const time = currentContext()?.process.wallTime;
    return time === undefined ? undefined : Math.floor(time);
  };
  const VirtualDate: DateConstructor = new Proxy(RealDate, {
    apply: (): string => new Date().toString(),
    construct(target, args, maker): Date {
      const time = args.length === 0 ? now() : undefined;
      return Reflect.construct(target, time === undefined ? args : [time], maker);
    },
  });
  return [
    patch(RealDate, "now", (original) => () => now() ?? original()),
    patch(globalThis, "Date", () => VirtualDate),
    // As `Date` itself, so that `new Date().constructor === Date`.
    { target: RealDate.prototype, name: "constructor", make: () => VirtualDate },
  ];
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
  const zoned = (zone: string = Now.timeZoneId()): Zoned | undefined => {
    const time = currentContext()?.process.wallTime;
    if (time === undefined) return undefined;
    return Instant.fromEpochMilliseconds(Math.floor(time)).toZonedDateTimeISO(zone);
  };
  return [
    patch(Now, "instant", (original) => () => {
      const time = currentContext()?.process.wallTime;
      if (time === undefined) return original.call(Now);
      return Instant.fromEpochMilliseconds(Math.floor(time));
    }),
    patch(Now, "zonedDateTimeISO", (original) => (zone) => zoned(zone) ?? original.call(Now, zone)),
    patch(
      Now,
      "plainDateTimeISO",
      (original) => (zone) => zoned(zone)?.toPlainDateTime() ?? original.call(Now, zone),
    ),
    patch(
      Now,
      "plainDateISO",
      (original) => (zone) => zoned(zone)?.toPlainDate() ?? original.call(Now, zone),
    ),
    patch(
      Now,
      "plainTimeISO",
      (original) => (zone) => zoned(zone)?.toPlainTime() ?? original.call(Now, zone),
    ),
  ];
}
