/** What machine a report was made on. */

/** The facts that a reader of figures wants to know. */
export interface Machine {
  /** The processor's name. */
  readonly processor: string;
  /** Cores, as the system counts them. */
  readonly cores: number;
  /** Memory in GiB. */
  readonly memoryGib: number;
  /** System and version. */
  readonly system: string;
  /** Whether the processor says that it is a guest's. */
  readonly virtual: boolean;
}

/**
 * Describes this machine.
 *
 * @returns The facts, without its name.
 */
export async function describeMachine(): Promise<Machine> {
  const info = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  return {
    processor: /^model name\s*:\s*(.+)$/m.exec(info)?.[1]?.trim() ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    memoryGib: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
    system: `${Deno.build.os} ${Deno.osRelease()}`,
    virtual: /^flags\s*:.*\bhypervisor\b/m.test(info),
  };
}

/**
 * Puts a machine into one line.
 *
 * @param machine The facts.
 * @returns For example "AMD EPYC 7763, 4 cores, 16 GiB, linux 6.8 (virtual machine)".
 */
export function machineLine(machine: Machine): string {
  const { processor, cores, memoryGib, system, virtual } = machine;
  const guest = virtual ? " (virtual machine)" : "";
  return `${processor}, ${cores} ${
    cores === 1 ? "core" : "cores"
  }, ${memoryGib} GiB, ${system}${guest}`;
}
