import { check, type OptionName, wrongKind } from "../../../protocols/option_checks.ts";

/**
 * The number of the first descriptor that systemd passes on: SD_LISTEN_FDS_START of sd-daemon.h.
 */
const FIRST = 3;
/** More descriptors than this no process has, unless the system was told so: nr_open of Linux. */
const MAX_COUNT = 1_048_576;

/** The largest number of the system's. */
export const MAX_FD = 0x7fff_ffff;

/** Checks the number of a descriptor, `"systemd"` or `"systemd:NAME"`. */
export function checkFd(value: unknown, option: OptionName): void {
  if (typeof value === "number") return check.wholeNumber(0, MAX_FD)(value, option);
  if (typeof value === "string" && /^systemd(:.+)?$/.test(value)) return;
  throw wrongKind(option, value, 'is neither a number nor "systemd" nor "systemd:NAME"');
}

/**
 * The sockets that an option `fd` names: a number itself, or those that systemd passed to
 * this process by the protocol of sd_listen_fds(3).
 *
 * @param fd A number, `"systemd"`, or `"systemd:NAME"`.
 * @param action What is to be done with them, for the text of an error.
 * @throws {TypeError} If systemd passed none on, or none of that name.
 */
export function inheritedSockets(fd: number | string, action = "listen"): readonly number[] {
  if (typeof fd === "number") return [fd];
  const name = /^systemd:(.+)$/.exec(fd)?.[1];
  const fault = faultOf(Deno.env.get("LISTEN_PID"), Deno.env.get("LISTEN_FDS"));
  if (fault !== null) {
    throw new TypeError(
      `Cannot ${action}: fd "${fd}" is given and systemd passed no socket to process ${Deno.pid}: ${fault}`,
    );
  }
  const count = Number(Deno.env.get("LISTEN_FDS"));
  const all = Array.from({ length: count }, (_, index) => FIRST + index);
  if (name === undefined) return all;
  const names = Deno.env.get("LISTEN_FDNAMES")?.split(":");
  const named = all.filter((_, index) => names?.[index] === name);
  if (named.length > 0) return named;
  const passed = names === undefined ? "sockets without names" : `only ${names.join(", ")}`;
  throw new TypeError(`Cannot ${action}: fd "${fd}" is given and systemd passed on ${passed}`);
}

/** Why this process has no sockets of systemd; `null` if it has. */
function faultOf(owner: string | undefined, count: string | undefined): string | null {
  if (owner === undefined) return "LISTEN_PID is not set";
  if (owner !== String(Deno.pid)) return `LISTEN_PID is ${owner}`;
  if (count === undefined) return "LISTEN_FDS is not set";
  const number = Number(count);
  const isCount = Number.isInteger(number) && number > 0 && number <= MAX_COUNT;
  return isCount ? null : `LISTEN_FDS is ${count}`;
}
