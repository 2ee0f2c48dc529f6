import type { RandomSource } from "../engine/random_source.ts";
import type { Scheduler } from "../engine/scheduler.ts";
import { type Distribution, draw } from "../link_conditions.ts";
import { unknownName } from "./socket_errors.ts";

/** Trouble with looking names up. */
interface LookupTrouble {
  readonly delay: number;
  readonly fail: boolean;
}

const NO_TROUBLE: LookupTrouble = { delay: 0, fail: false };

/** The names of a world: those of its hosts, and `localhost`. */
export class Names {
  readonly #addresses = new Map<string, readonly string[]>([["localhost", ["127.0.0.1"]]]);
  // By host; "*" is for all.
  readonly #troubles = new Map<string, LookupTrouble>();
  readonly #scheduler: Scheduler;
  readonly #random: RandomSource;
  readonly #latency: Distribution;

  /** Knows `localhost` only. */
  constructor(scheduler: Scheduler, random: RandomSource, latency: Distribution) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.#latency = latency;
  }

  /** Gives a name an address. */
  add(name: string, address: string): void {
    this.#addresses.set(name.toLowerCase(), [address]);
  }

  /** Whether a name is taken: those that differ only in case are the same. */
  has(name: string): boolean {
    return this.#addresses.has(name.toLowerCase());
  }

  /** Has look-ups of a host, or of all with `"*"`, take longer or fail. */
  trouble(host: string, { delay, fail }: LookupTrouble): void {
    this.#troubles.set(host, { delay, fail });
  }

  /**
   * The addresses of a name; an address is given back as it is, at once.
   *
   * @param hostname The name or the address.
   * @param asking The host that asks.
   */
  lookUp(hostname: string, asking: string): Promise<readonly string[]> {
    const bare = hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "").toLowerCase();
    if (bare === "localhost" || isAddress(bare)) {
      return Promise.resolve(this.#addresses.get(bare) ?? [bare]);
    }
    const trouble = this.#troubles.get(asking) ?? this.#troubles.get("*") ?? NO_TROUBLE;
    const usual = this.#scheduler.guard(() => draw(this.#latency, this.#random.fraction), 0);
    const delay = usual + trouble.delay;
    return new Promise((resolve, reject) => {
      this.#scheduler.after(delay, asking, () => {
        const found = trouble.fail ? undefined : this.#addresses.get(bare);
        if (found === undefined) reject(unknownName());
        else resolve(found);
      });
    });
  }
}

/** Whether a host is written as an address. */
export function isAddress(hostname: string): boolean {
  return hostname.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(hostname);
}
