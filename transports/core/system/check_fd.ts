import { type OptionName, wholeNumber, wrongKind } from "../../../protocols/option_checks.ts";

/** The largest number of the system's. */
const MAX_FD = 0x7fff_ffff;

/** Checks the number of a descriptor, `"systemd"` or `"systemd:NAME"`. */
export function checkFd(value: unknown, option: OptionName): void {
  if (typeof value === "number") return wholeNumber(0, MAX_FD)(value, option);
  if (typeof value === "string" && /^systemd(:.+)?$/.test(value)) return;
  throw wrongKind(option, value, 'is neither a number nor "systemd" nor "systemd:NAME"');
}
