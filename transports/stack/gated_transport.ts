import type { Transport } from "../../protocols/contract.ts";
import { TransportWrapper } from "../core/transport_wrapper.ts";
import { Layer } from "./layer.ts";

/** The transport that asks for a gate: the first that is not a mere wrapper. */
export function gatedTransport(transport: Transport): Transport {
  const isWrapper = transport instanceof TransportWrapper && !(transport instanceof Layer);
  return isWrapper ? gatedTransport(transport.inner) : transport;
}
