import { checkBytes } from "../../../protocols/bytes.ts";
import type { AnyProtocol, SetProtocolOptions } from "../../../protocols/contract.ts";
import {
  anything,
  checkOptions,
  flag,
  type OptionTable,
} from "../../../protocols/option_checks.ts";
import type { Delivery } from "./delivery.ts";

const CHECKS: OptionTable<SetProtocolOptions> = { unread: anything, replayEof: flag };

/**
 * Does what `Transport.setProtocol` says, but for the end of the data.
 *
 * @returns Whether the end is to be told again, if it was told before.
 * @throws {TypeError} If the options are not such.
 */
export function switchProtocol(
  delivery: Delivery,
  protocol: AnyProtocol,
  options: SetProtocolOptions = {},
): boolean {
  if (options instanceof Uint8Array) {
    throw new TypeError("Cannot set protocol: bytes given instead of options; write { unread }");
  }
  checkOptions("set protocol", options, CHECKS);
  const { unread, replayEof = unread !== undefined } = options;
  if (unread !== undefined) checkBytes(unread, "hand over");
  delivery.protocol = protocol;
  if (unread !== undefined && unread.length > 0) delivery.unshift(unread);
  return replayEof;
}
