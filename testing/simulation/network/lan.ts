import { Machine, type MachineEvents } from "./machine.ts";
import type { Names } from "./names.ts";
import { isLoopback, isWildcard } from "./place.ts";
import type { Wire } from "./wire.ts";

/** The machines of a world, by name and by address. */
export class Lan {
  /** Everything between them. */
  readonly wire: Wire;
  /** Their names. */
  readonly names: Names;
  readonly #byName = new Map<string, Machine>();
  readonly #byAddress = new Map<string, Machine>();

  /** A network without machines. */
  constructor(wire: Wire, names: Names) {
    this.wire = wire;
    this.names = names;
  }

  /** The machines, in the order in which they were added. */
  get machines(): Iterable<Machine> {
    return this.#byName.values();
  }

  /**
   * Adds a machine.
   *
   * @param name Its name.
   * @param wanted Its address; one is found if it is `undefined`.
   * @param events Is told what its program does.
   * @throws {TypeError} If the name or the address is taken.
   */
  add(name: string, wanted: string | undefined, events: MachineEvents): Machine {
    const address = wanted ?? this.#nextAddress();
    const rival = this.names.has(name) ? name : this.#byAddress.get(address)?.name;
    if (rival !== undefined) {
      throw new TypeError(
        `Cannot add host "${name}" at ${address}: there is host "${rival}" already`,
      );
    }
    const machine = new Machine(name, address, this.wire, events);
    this.#byName.set(name, machine);
    this.#byAddress.set(address, machine);
    this.names.add(name, address);
    return machine;
  }

  /** The machine of a name. */
  named(name: string): Machine | undefined {
    return this.#byName.get(name);
  }

  /** The machine that an address leads to, as seen from one of them. */
  at(hostname: string, from: Machine): Machine | undefined {
    if (isLoopback(hostname) || isWildcard(hostname)) return from;
    return this.#byAddress.get(hostname);
  }

  #nextAddress(): string {
    for (let number = this.#byName.size + 1;; number++) {
      const address = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
      if (!this.#byAddress.has(address)) return address;
    }
  }
}
