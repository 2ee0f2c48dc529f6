import type { TLSSocket } from "node:tls";
import type { Verdict } from "./certificates/session_trust.ts";
import { socketFacts } from "./socket_facts.ts";
import type { ResolvedTlsOptions } from "./tls_options.ts";

/** The facts of a TLS connection after the handshake: its extra info. */
export function tlsFacts(
  socket: TLSSocket,
  options: ResolvedTlsOptions,
  verdict: Verdict,
): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>([
    ...socketFacts(socket),
    ["tlsEngine", "layer"],
    ["authorized", verdict === null],
    ["authorizationError", verdict ?? undefined],
    ["serverName", serverNameOf(socket, options)],
  ]);
}

function serverNameOf(socket: TLSSocket, options: ResolvedTlsOptions): string | undefined {
  if (!options.serverSide) return options.serverName;
  // Missing from the types, as it is on a server only.
  return (socket as TLSSocket & { servername?: string | null }).servername || undefined;
}
