import type { ScheduledFault } from "./faults/faults.ts";
import type { PendingWait } from "./pending_wait.ts";
import type { SimulationOptions } from "./simulation_options.ts";

/** The state of a run when it failed. */
export interface RunState {
  /** The seed of the run: the same one fails alike. */
  readonly seed: number;
  /** The virtual time, in milliseconds. */
  readonly virtualTime: number;
  /** How many events had happened. */
  readonly steps: number;
  /** The faults of the schedule and of chaos that had happened. */
  readonly faults: readonly ScheduledFault[];
  /** The faults that programs had made happen, such as by `world.partition`: the last hundred. */
  readonly injected: readonly ScheduledFault[];
  /** The operations that were pending, by host. */
  readonly waits: readonly HostWaits[];
  /** Options that the program did not give: those of `explore` or of `SLUICE_OPTIONS`. */
  readonly options: SimulationOptions;
  /** Notes of `explore` on how it found the failure. */
  readonly notes: readonly string[];
  /** The command that repeats the run; `null` if it cannot be known. */
  readonly replay: string | null;
}

/** The operations that a host waits for. */
export interface HostWaits {
  /** The host. */
  readonly host: string;
  /** The state of the host: its program runs, has ended, or it crashed. */
  readonly state: "running" | "ended" | "crashed";
  /** How many timers are set. */
  readonly timers: number;
  /** The operations of the network and of the library that are pending. */
  readonly waits: readonly PendingWait[];
}
