/** The modules of Node that this library uses. */
interface NodeModules {
  "node:async_hooks": typeof import("node:async_hooks");
  "node:crypto": typeof import("node:crypto");
  "node:dns/promises": typeof import("node:dns/promises");
  "node:os": typeof import("node:os");
  "node:stream": typeof import("node:stream");
  "node:tls": typeof import("node:tls");
  "node:util": typeof import("node:util");
}

/**
 * A module of Node, which is loaded at its first use: the first one costs a program 5 MiB, node:tls
 * 8 MiB and 10 ms, and most programs use none of them.
 */
export function nodeModule<N extends keyof NodeModules>(name: N): NodeModules[N] {
  // deno-lint-ignore no-process-global -- importing node:process would load Node's modules at once
  return process.getBuiltinModule(name) as NodeModules[N];
}
