import { abortable } from "../../protocols/waits/wait_signal.ts";
import { type Endpoint, formatEndpoint } from "../core/addresses.ts";
import type { Carrier } from "../core/carrier.ts";
import { describeEndpointError } from "../core/os_error.ts";
import { connectToAny, HAPPY_EYEBALLS_DELAY } from "./connect_to_any.ts";
import { lookUpToDial } from "./look_up_addresses.ts";
import type { DialOptions, Network } from "./network.ts";

/** Connects to one address of the host after the other, and tells of each that fails. */
export async function dialEach(
  network: Network,
  options: Endpoint & Pick<DialOptions, "happyEyeballsDelay" | "lookup">,
  dial: (place: Endpoint, signal: AbortSignal) => Promise<Carrier>,
  signal: AbortSignal,
): Promise<Carrier> {
  const { path, hostname, port, lookup = network.lookup } = options;
  const dialAddress = async (address: string, signal: AbortSignal): Promise<Carrier> => {
    const place = path === undefined ? { ...options, hostname: address } : options;
    try {
      return await dial(place, signal);
    } catch (error) {
      throw describeEndpointError(error, `Cannot connect to ${formatEndpoint(place)}`, place);
    }
  };
  const found = path === undefined ? lookUpToDial(hostname, port, lookup) : Promise.resolve([path]);
  return await connectToAny(await abortable(found, signal), dialAddress, {
    failure: `Cannot connect to ${formatEndpoint(options)}: no address of it can be reached`,
    delayMs: options.happyEyeballsDelay ?? HAPPY_EYEBALLS_DELAY,
    signal,
  });
}
