/**
 * Records the public names of node:net and node:tls that docs/from_node_net.md has to speak of.
 *
 *     node tests/docs/names/record_node_net_names.ts
 *
 * (Node 22.18 or later, which runs TypeScript) writes node_net_names.json beside this file: by
 * owner, what both modules export and the members of
 * their classes, as Node tells them. Node does not tell its events and options at run time, nor
 * what
 * it sets on each object: those are listed here, from its documentation.
 *
 * @module
 */
import { EventEmitter } from "node:events";
import { writeFileSync } from "node:fs";
import net from "node:net";
import process from "node:process";
import { Duplex, Readable, Writable } from "node:stream";
import tls from "node:tls";

const DOCUMENTED: Record<string, string[]> = {
  "net.Socket": ["allowHalfOpen", "autoSelectFamilyAttemptedAddresses", "connecting", "timeout"],
  "tls.TLSSocket": [
    "alpnProtocol",
    "authorizationError",
    "authorized",
    "encrypted",
    "servername",
  ],
  "net.Server": ["dropMaxConnection", "listening", "maxConnections"],
  "socket event": [
    "close",
    "connect",
    "connectionAttempt",
    "connectionAttemptFailed",
    "connectionAttemptTimeout",
    "data",
    "drain",
    "end",
    "error",
    "finish",
    "keylog",
    "lookup",
    "pause",
    "pipe",
    "readable",
    "ready",
    "resume",
    "secureConnect",
    "session",
    "timeout",
    "unpipe",
    "OCSPResponse",
  ],
  "server event": [
    "close",
    "connection",
    "drop",
    "error",
    "keylog",
    "listening",
    "newSession",
    "OCSPRequest",
    "resumeSession",
    "secureConnection",
    "tlsClientError",
  ],
  "net option": [
    "allowHalfOpen",
    "autoSelectFamily",
    "autoSelectFamilyAttemptTimeout",
    "backlog",
    "blockList",
    "exclusive",
    "family",
    "fd",
    "highWaterMark",
    "hints",
    "host",
    "ipv6Only",
    "keepAlive",
    "keepAliveInitialDelay",
    "localAddress",
    "localPort",
    "lookup",
    "noDelay",
    "onread",
    "path",
    "pauseOnConnect",
    "port",
    "readable",
    "readableAll",
    "reusePort",
    "signal",
    "timeout",
    "writable",
    "writableAll",
  ],
  "tls option": [
    "ALPNCallback",
    "ALPNProtocols",
    "SNICallback",
    "ca",
    "cert",
    "checkServerIdentity",
    "ciphers",
    "crl",
    "dhparam",
    "ecdhCurve",
    "enableTrace",
    "handshakeTimeout",
    "honorCipherOrder",
    "isServer",
    "key",
    "maxVersion",
    "minDHSize",
    "minVersion",
    "passphrase",
    "pfx",
    "pskCallback",
    "pskIdentityHint",
    "rejectUnauthorized",
    "requestCert",
    "requestOCSP",
    "secureContext",
    "secureOptions",
    "secureProtocol",
    "server",
    "servername",
    "session",
    "sessionIdContext",
    "sessionTimeout",
    "sigalgs",
    "socket",
    "ticketKeys",
  ],
};

/** The public names of objects. */
function namesOf(...objects: object[]): string[] {
  const names = objects.flatMap((object) => Object.getOwnPropertyNames(object));
  return names.filter((name) => !name.startsWith("_") && name !== "constructor");
}

const told: Record<string, string[]> = {
  net: namesOf(net),
  tls: namesOf(tls),
  "net.Socket": namesOf(
    net.Socket.prototype,
    Duplex.prototype,
    Readable.prototype,
    Writable.prototype,
    EventEmitter.prototype,
  ),
  "tls.TLSSocket": namesOf(tls.TLSSocket.prototype),
  "net.Server": namesOf(net.Server.prototype),
  "tls.Server": namesOf(tls.Server.prototype),
};
const owners = [...new Set([...Object.keys(told), ...Object.keys(DOCUMENTED)])];
const names = Object.fromEntries(owners.map((owner) => {
  const all = [...told[owner] ?? [], ...DOCUMENTED[owner] ?? []];
  return [owner, [...new Set(all)].sort()];
}));
const target = new URL("node_net_names.json", import.meta.url);
writeFileSync(target, `${JSON.stringify({ node: process.version, names }, null, 2)}\n`);
console.log("wrote node_net_names.json");
