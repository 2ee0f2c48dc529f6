import { nodeModule } from "../core/node_module.ts";
import { NameResolutionError } from "../../protocols/errors.ts";

/**
 * All addresses of a host, as the system resolves it.
 *
 * @throws {NameResolutionError} If the host is not known.
 */
export async function lookUpHost(hostname: string): Promise<readonly string[]> {
  try {
    const found = await nodeModule("node:dns/promises").lookup(hostname, { all: true });
    return [...new Set(found.map(({ address }) => address))];
  } catch (error) {
    // A permission for one port of the name does not cover a look-up. The name is then resolved
    // when it is bound, to one address.
    if (error instanceof Error && "code" in error && error.code === "EPERM") return [hostname];
    throw new NameResolutionError(hostname, { cause: error });
  }
}
