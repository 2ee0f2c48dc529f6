/** What a process and its children use, as Linux tells it in /proc. */

const TICKS_PER_SECOND = 100; // what Linux reports in, whatever the kernel's own clock is

/**
 * Takes CPU time out of /proc/PID/stat.
 *
 * @param stat The file's text.
 * @returns User and system time of the process and of the children it has waited for, in seconds.
 */
export function parseCpuSeconds(stat: string): number {
  // The name in parentheses may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // Fields 14 to 17 of the line; the name was the second.
  const ticks = fields.slice(11, 15).map(Number);
  return ticks.reduce((sum, value) => sum + value, 0) / TICKS_PER_SECOND;
}

/**
 * Takes a process's own memory out of /proc/PID/smaps_rollup.
 *
 * @param text The file's text.
 * @returns Anonymous memory, swapped out or not, in KiB; the program's own file is not in it.
 */
export function parseAnonymousMemory(text: string): number {
  const value = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1]);
  return value("Anonymous") + (value("Swap") || 0);
}

async function descendants(pid: number): Promise<number[]> {
  // A child is listed with the thread that started it.
  const tasks = await Array.fromAsync(Deno.readDir(`/proc/${pid}/task`)).catch(() => []);
  const lists = await Promise.all(
    tasks.map(({ name }) =>
      Deno.readTextFile(`/proc/${pid}/task/${name}/children`).catch(() => "")
    ),
  );
  const pids = lists.join(" ").split(" ").filter((part) => part !== "").map(Number);
  const below = await Promise.all(pids.map(descendants));
  return [...pids, ...below.flat()];
}

/**
 * Lists a process and those it has started.
 *
 * @param pid The process.
 * @returns It and all below it, or nothing where the system has no /proc.
 */
export async function processTree(pid: number): Promise<number[]> {
  try {
    await Deno.stat(`/proc/${pid}/stat`);
  } catch {
    return [];
  }
  return [pid, ...await descendants(pid)];
}

/**
 * Adds up the CPU time of processes.
 *
 * @param pids The processes.
 * @returns Seconds, in steps of 10 ms, or `null` if one cannot be read.
 */
export async function cpuSecondsOf(pids: readonly number[]): Promise<number | null> {
  if (pids.length === 0) return null;
  try {
    const stats = await Promise.all(pids.map((pid) => Deno.readTextFile(`/proc/${pid}/stat`)));
    return stats.reduce((sum, stat) => sum + parseCpuSeconds(stat), 0);
  } catch {
    return null;
  }
}

/**
 * Adds up the memory that processes hold for themselves. What the kernel holds for their sockets
 * is not in it.
 *
 * @param pids The processes.
 * @returns KiB, or `null` if one cannot be read.
 */
export async function memoryOf(pids: readonly number[]): Promise<number | null> {
  if (pids.length === 0) return null;
  try {
    const maps = await Promise.all(
      pids.map((pid) => Deno.readTextFile(`/proc/${pid}/smaps_rollup`)),
    );
    return maps.reduce((sum, text) => sum + parseAnonymousMemory(text), 0);
  } catch {
    return null;
  }
}
