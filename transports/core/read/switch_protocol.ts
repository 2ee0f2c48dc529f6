import { type Bytes, checkBytes } from "../../../protocols/bytes.ts";
import type { AnyProtocol, SetProtocolOptions } from "../../../protocols/contract.ts";
import { check, checkOptions, type OptionTable } from "../../../protocols/option_checks.ts";
import { checkProtocol } from "../callbacks.ts";
import type { Delivery } from "./delivery.ts";

const CHECKS: OptionTable<SetProtocolOptions> = { unread: check.anything, replayEof: check.flag };

/**
 * Does what `Transport.setProtocol` says, but for the end of the data.
 *
 * @returns Whether the end is to be told again, if it was told before, and whether there are unread
 * bytes.
 * @throws {TypeError} If the protocol or the options are not such.
 */
export function switchProtocol(
  delivery: Delivery,
  protocol: AnyProtocol,
  options: SetProtocolOptions | Bytes = {},
): { replaysEof: boolean; hasUnread: boolean } {
  checkProtocol(protocol);
  const given = options instanceof Uint8Array ? { unread: options } : options;
  checkOptions("set protocol", given, CHECKS);
  const { unread, replayEof = unread !== undefined } = given;
  if (unread !== undefined) checkBytes(unread, "hand over");
  delivery.protocol = protocol;
  const hasUnread = unread !== undefined && unread.length > 0;
  if (hasUnread) delivery.unshift(unread);
  return { replaysEof: replayEof, hasUnread };
}
