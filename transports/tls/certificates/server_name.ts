import { ipOf } from "./server_identity.ts";

/** A label of a host name, and the length of a name, as RFC 1123 and both engines want them. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i;
const MAX_LENGTH = 253;

/**
 * Checks the name that a server's certificate has to bear.
 *
 * @param name A host name or an IP address; as the hostname of an endpoint, that may be in
 * brackets.
 * @param option The option that it comes from.
 * @returns The name as both engines take it.
 * @throws {TypeError} If it is neither.
 */
export function checkServerName(name: string, option: string): string {
  const address = ipOf(name);
  if (address !== null) {
    if (option === "hostname" || !name.startsWith("[")) return address;
    throw new TypeError(
      `Cannot use TLS: ${option} ${JSON.stringify(name)} is in brackets; write "${address}"`,
    );
  }
  const labels = name.replace(/\.$/, "").split(".");
  const isName = name.length <= MAX_LENGTH && labels.every((label) => LABEL.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? "");
  if (isName) return name;
  const remedy = suggest(name);
  throw new TypeError(
    `Cannot use TLS: ${option} ${
      JSON.stringify(name)
    } is neither a host name nor an IP address${remedy}`,
  );
}

/** The form of a name with other letters that goes over the wire. */
function suggest(name: string): string {
  const url = URL.parse(`https://${name}/`);
  const isOther = url !== null && url.hostname !== name && url.hostname.startsWith("xn--");
  return isOther ? `; write "${url.hostname}"` : "";
}
