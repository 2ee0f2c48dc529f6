/** Which core runs the server and which the load generator. */

import type { Children } from "./children.ts";

/** The cores chosen, or why there was no choice. */
export interface Placement {
  /** The core of the server, `null` if processes cannot be pinned. */
  readonly serverCore: number | null;
  /** The core of the load generator, `null` if processes cannot be pinned. */
  readonly loadCore: number | null;
  /** One clause for the head of the report. */
  readonly text: string;
}

/**
 * Reads a list of cores as Linux writes them.
 *
 * @param text For example "0-2,5".
 * @returns The cores in the order given.
 */
export function parseCores(text: string): number[] {
  return text.trim().split(",").filter((part) => part !== "").flatMap((part) => {
    const [first = NaN, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    return ""; // not Linux
  }
}

/**
 * Chooses the cores: the last one allowed for the server, and for the load generator the first one
 * that is not the same core under another name (hyper-threading).
 *
 * @param children Runs taskset to see whether it is there.
 * @returns The choice.
 */
export async function choosePlacement(children: Children): Promise<Placement> {
  const unpinned = { serverCore: null, loadCore: null };
  const status = await readOrEmpty("/proc/self/status");
  const cores = parseCores(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? "");
  const serverCore = cores.at(-1);
  if (serverCore === undefined) return { ...unpinned, text: "not pinned: the system has no /proc" };
  try {
    await children.run(["taskset", "--version"]);
  } catch {
    return { ...unpinned, text: "not pinned: taskset is not installed" };
  }
  const topology = `/sys/devices/system/cpu/cpu${serverCore}/topology/thread_siblings_list`;
  const siblings = parseCores(await readOrEmpty(topology));
  const apart = cores.find((core) => core !== serverCore && !siblings.includes(core));
  const loadCore = apart ?? cores.find((core) => core !== serverCore) ?? serverCore;
  const shared = loadCore === serverCore ? " (there is only one)" : "";
  return {
    serverCore,
    loadCore,
    text: `server on core ${serverCore}, load generator on core ${loadCore}${shared}`,
  };
}

/**
 * Puts a command on a core.
 *
 * @param core The core, `null` for any.
 * @param command The program and its arguments.
 * @returns The command to start.
 */
export function pinned(core: number | null, command: readonly string[]): string[] {
  return core === null ? [...command] : ["taskset", "-c", String(core), ...command];
}

/**
 * Lets a command open as many files as the system's hard limit allows.
 *
 * @param command The program and its arguments.
 * @returns The command to start.
 */
export function withManyFiles(command: readonly string[]): string[] {
  if (Deno.build.os === "windows") return [...command];
  // exec keeps the process id, so what is measured is the server and not the shell.
  return ["/bin/sh", "-c", 'ulimit -n "$(ulimit -H -n)"; exec "$@"', "sh", ...command];
}
