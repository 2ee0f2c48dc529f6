/** The use of processes and of the whole machine, from Linux's /proc. */

const TICKS_PER_SECOND = 100; // what Linux reports in, also with another clock in the kernel
/** From how many busy cores on a run is not called quiet. */
const QUIET_CORES = 0.05;

/** Reads /proc/PID/stat: seconds of CPU of a process and of the children it has waited for. */
export function parseCpuSeconds(stat: string): number {
  // The name in parentheses may itself hold spaces and parentheses; fields 14 to 17 are the times.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_PER_SECOND;
}

/** Reads /proc/PID/smaps_rollup: KiB of anonymous memory, swapped out or not. */
export function parseAnonymousMemory(text: string): number {
  const value = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1]);
  return value("Anonymous") + (value("Swap") || 0);
}

/** The ids of a process and of those that it has started, at any depth. */
export async function processTree(pid: number): Promise<number[]> {
  // A child is listed with the thread that started it.
  const tasks = await Array.fromAsync(Deno.readDir(`/proc/${pid}/task`)).catch(() => []);
  const read = (task: string) =>
    Deno.readTextFile(`/proc/${pid}/task/${task}/children`).catch(() => "");
  const lists = await Promise.all(tasks.map(({ name }) => read(name)));
  const children = lists.join(" ").split(" ").filter((part) => part !== "").map(Number);
  return [pid, ...(await Promise.all(children.map(processTree))).flat()];
}

/** The CPU time of processes, in seconds, in steps of 10 ms. */
export async function cpuSecondsOf(pids: readonly number[]): Promise<number> {
  const stats = await Promise.all(pids.map((pid) => Deno.readTextFile(`/proc/${pid}/stat`)));
  return stats.reduce((sum, stat) => sum + parseCpuSeconds(stat), 0);
}

/** The memory of processes, in KiB, without the kernel's socket buffers. */
export async function memoryOf(pids: readonly number[]): Promise<number> {
  const read = (pid: number) => Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  const maps = await Promise.all(pids.map(read));
  return maps.reduce((sum, text) => sum + parseAnonymousMemory(text), 0);
}

async function readTotals(): Promise<Record<"wall" | "others" | "stolen", number>> {
  const machine = await Deno.readTextFile("/proc/stat");
  const own = parseCpuSeconds(await Deno.readTextFile("/proc/self/stat")); // with ended children
  const ticks = (/^cpu +(.*)$/m.exec(machine)?.[1] ?? "").split(" ").map(Number);
  const [user = 0, nice = 0, system = 0, _idle, _wait, irq = 0, softirq = 0, stolen = 0] = ticks;
  const busy = (user + nice + system + irq + softirq) / TICKS_PER_SECOND;
  const wall = performance.now() / 1000;
  return { wall, others: busy - own, stolen: stolen / TICKS_PER_SECOND };
}

/** Begins to watch other programs; the result tells in one clause how busy they were since. */
export async function watchMachine(): Promise<() => Promise<string>> {
  const from = await readTotals();
  return async () => {
    const to = await readTotals();
    const others = (to.others - from.others) / (to.wall - from.wall);
    const stolen = (to.stolen - from.stolen) / (to.wall - from.wall);
    if (others < QUIET_CORES && stolen < QUIET_CORES) return "the machine was quiet";
    const host = stolen < QUIET_CORES ? "" : `, its host took ${stolen.toFixed(2)}`;
    return `NOISY: other programs used ${Math.max(0, others).toFixed(2)} cores${host}`;
  };
}
