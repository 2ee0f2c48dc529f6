import type { AnyProtocol, Transport } from "../../protocols/contract.ts";
import { show } from "../../protocols/option_checks.ts";
import type { Attach } from "./transport_duplex.ts";

/** A connection that can be handed to a protocol: a `StreamConnection`. */
export interface SwitchableConnection {
  /** Hands the connection to a protocol, with the bytes that were received and not read. */
  switchProtocol(protocol: AnyProtocol): Transport;
}

/** A connection for `toNodeStream`: its streams, its transport, or either later. */
export type NodeStreamSource =
  | SwitchableConnection
  | Transport
  | { readonly transport: Transport }
  | Promise<SwitchableConnection | Transport | { readonly transport: Transport }>;

/**
 * How a stream takes over a connection.
 *
 * @throws {TypeError} If it is no connection.
 */
export function attachOf(source: unknown): Attach {
  if (has(source, "switchProtocol")) {
    const connection = source as SwitchableConnection;
    return (protocol) => connection.switchProtocol(protocol);
  }
  const transport = has(source, "setProtocol") ? source : transportOf(source);
  if (!has(transport, "setProtocol", "write", "abort", "pauseReading")) {
    throw new TypeError(
      `Cannot make node stream: ${show(source)} is no connection; give a StreamConnection or a ` +
        "Transport, or a promise of one",
    );
  }
  const given = transport as Transport;
  return (protocol) => {
    given.setProtocol(protocol, { replayEof: true });
    return given;
  };
}

function transportOf(source: unknown): unknown {
  const isObject = typeof source === "object" && source !== null;
  return isObject ? Reflect.get(source, "transport") : undefined;
}

function has(value: unknown, ...methods: readonly string[]): boolean {
  return typeof value === "object" && value !== null &&
    methods.every((method) => typeof Reflect.get(value, method) === "function");
}
