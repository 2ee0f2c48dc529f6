import type { AnyProtocol } from "../../../protocols/contract.ts";
import { type Connected, connectOver } from "../../core/connect_carrier.ts";
import { checkProtocolFactory } from "../../core/callbacks.ts";
import { checkOptions } from "../../../protocols/option_checks.ts";
import { TRANSPORT_CHECKS, type TransportOptions } from "../../core/transport_options.ts";

/**
 * Makes a connection of this program's own stdin and stdout: for a program that is run by another
 * one, by `ssh` or by an editor.
 *
 * Deno cannot end stdout before the program ends. So there is no half-close (`canWriteEof()` is
 * `false`), its reader sees the end when the program has ended, and `console.log` still prints
 * after `close()`. A read of stdin that is under way when the connection ends loses its bytes.
 * Needs no permission.
 *
 * @example Shouting back
 * ```ts ignore
 * import { connectStdio, type Transport } from "@sluice/net";
 *
 * let transport: Transport;
 * await connectStdio(() => ({
 *   connectionMade: (made) => transport = made,
 *   dataReceived: (chunk) => transport.write(new TextDecoder().decode(chunk).toUpperCase()),
 * }));
 * ```
 *
 * @param protocolFactory Makes the protocol. If it throws, stdin is given up and this rejects.
 * @param options Limits, layers and the error handler.
 * @returns The transport and the protocol that the factory made.
 * @throws {TypeError} If stdin has another reader.
 * @throws {RangeError} If a limit is out of range.
 */
export async function connectStdio<P extends AnyProtocol>(
  protocolFactory: () => P,
  options: TransportOptions = {},
): Promise<Connected<P>> {
  checkProtocolFactory(protocolFactory);
  checkOptions("connect stdio", options, TRANSPORT_CHECKS);
  // Only a program that uses it loads the pipes.
  const { standardPipes } = await import("./_standard_pipes.ts");
  return await connectOver(protocolFactory, standardPipes(), options);
}
