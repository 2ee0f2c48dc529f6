import { type Context, currentContext } from "./context.ts";

/** A property that is replaced as long as there is a world. */
export interface Patch {
  /** The object that has the property. */
  readonly target: object;
  /** Its name. */
  readonly name: PropertyKey;
  /** Whether it is an accessor: `make` is then given its getter, and makes another one. */
  readonly isAccessor?: boolean;
  /** Makes the value that replaces the one there was. */
  make(original: unknown): unknown;
}

interface Saved {
  readonly target: object;
  readonly name: PropertyKey;
  readonly descriptor: PropertyDescriptor | undefined;
}

/** A patch of an accessor: `read` is given the real getter and the object. */
export function patchGetter<T extends object>(
  target: T,
  name: keyof T,
  read: (original: (this: T) => unknown, self: T) => unknown,
): Patch {
  return {
    target,
    name,
    isAccessor: true,
    make: (original) =>
      function (this: T): unknown {
        return read(original as () => unknown, this);
      },
  };
}

/** A patch of a property, with the type of its value. */
export function patch<T extends object, K extends keyof T>(
  target: T,
  name: K,
  make: (original: T[K]) => T[K],
): Patch {
  return { target, name, make: (original) => make(original as T[K]) };
}

/** A patch of a function: a program in a world calls `instead`. */
export function replaced<T extends object, A extends unknown[]>(
  target: T,
  name: keyof T,
  instead: (context: Context, ...args: A) => unknown,
): Patch {
  return {
    target,
    name,
    make: (original) =>
      function (this: unknown, ...args: A): unknown {
        const context = currentContext();
        if (context !== undefined) return instead(context, ...args);
        return Reflect.apply(original as () => unknown, this, args);
      },
  };
}

/**
 * Replaces properties and puts them back exactly as they were, accessors too, last one first.
 * Properties that are not there are passed over.
 */
export class PatchSet {
  readonly #saved: Saved[] = [];

  /** Replaces the properties; all of them or none. */
  constructor(patches: readonly Patch[]) {
    try {
      for (const one of patches) this.#apply(one);
    } catch (error) {
      this.restore();
      throw error;
    }
  }

  #apply({ target, name, isAccessor = false, make }: Patch): void {
    if (!(name in target)) return;
    const descriptor = Object.getOwnPropertyDescriptor(target, name);
    const enumerable = descriptor?.enumerable ?? false;
    const replacement: PropertyDescriptor = isAccessor
      ? { get: make(descriptor?.get) as () => unknown }
      : { value: make(Reflect.get(target, name)), writable: true };
    Object.defineProperty(target, name, { ...replacement, enumerable, configurable: true });
    this.#saved.push({ target, name, descriptor });
  }

  /** Puts everything back. */
  restore(): void {
    for (const { target, name, descriptor } of this.#saved.splice(0).reverse()) {
      if (descriptor === undefined) Reflect.deleteProperty(target, name);
      else Object.defineProperty(target, name, descriptor);
    }
  }
}

/** The same function or class, calls of which go through `onCall`, and `new` too. */
export function intercepted<F>(
  original: F,
  onCall: (goOn: () => unknown, args: unknown[]) => unknown,
): F {
  // A proxy keeps the name, the static members and `instanceof`.
  const proxy: object = new Proxy(original as object, {
    apply: (target, self, args) =>
      onCall(() => Reflect.apply(target as () => unknown, self, args), args),
    construct: (target, args, maker) =>
      onCall(
        () => Reflect.construct(target as new () => object, args, maker),
        args,
      ) as object,
  });
  return proxy as F;
}
