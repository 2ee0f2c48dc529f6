/**
 * The number of the first descriptor that systemd passes on: SD_LISTEN_FDS_START of sd-daemon.h.
 */
const FIRST = 3;

/**
 * The sockets that an option `fd` names: a number itself, or those that systemd passed to
 * this process by the protocol of sd_listen_fds(3).
 *
 * @param fd A number, `"systemd"`, or `"systemd:NAME"`.
 * @param action What is to be done with them, for the text of an error.
 * @throws {TypeError} If systemd passed none on, or none of that name.
 */
export function inheritedSockets(fd: number | string, action = "listen"): readonly number[] {
  if (typeof fd === "number") return [fd];
  const name = /^systemd:(.+)$/.exec(fd)?.[1];
  const owner = Deno.env.get("LISTEN_PID");
  const count = Number(Deno.env.get("LISTEN_FDS") ?? 0);
  if (owner !== String(Deno.pid) || !(count > 0)) {
    const found = owner === undefined ? "LISTEN_PID is not set" : `LISTEN_PID is ${owner}`;
    throw new TypeError(
      `Cannot ${action}: fd "${fd}" is given and systemd passed no socket to process ${Deno.pid}: ${found}`,
    );
  }
  const all = Array.from({ length: count }, (_, index) => FIRST + index);
  if (name === undefined) return all;
  const names = (Deno.env.get("LISTEN_FDNAMES") ?? "").split(":");
  const named = all.filter((_, index) => names[index] === name);
  if (named.length > 0) return named;
  throw new TypeError(
    `Cannot ${action}: fd "${fd}" is given and systemd passed on only ${names.join(", ")}`,
  );
}
