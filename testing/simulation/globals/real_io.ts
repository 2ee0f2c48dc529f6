import { currentContext } from "./context.ts";
import { intercepted, type Patch } from "./patches.ts";

/** A way out of the world: where it is, what it is called, and what to use instead. */
type WayOut = readonly [target: object, name: string, label: string, remedy: string];

const SIMULATED = "use Deno.connect, Deno.listen, or openConnection and startServer";
const OUTSIDE = "do it before simulate(), or give the world its result";

/** Refuses real input and output inside of a world, by an error that names the call. */
export function realIoPatches(): Patch[] {
  return waysOut().map(([target, name, label, remedy]) => ({
    target,
    name,
    make: (original) =>
      intercepted(original, (goOn) => {
        const host = currentContext()?.process.host;
        if (host === undefined) return goOn();
        throw new TypeError(
          `Cannot call ${label} in host "${host}": it leaves the simulated world; ${remedy}`,
        );
      }),
  }));
}

function waysOut(): WayOut[] {
  // deno-lint-ignore no-process-global -- Node's modules are loaded when a world is made
  const node = <M>(name: string): M => process.getBuiltinModule(name) as M;
  const net = node<typeof import("node:net")>("node:net");
  const dgram = node<typeof import("node:dgram")>("node:dgram");
  const children = node<typeof import("node:child_process")>("node:child_process");
  return [
    [globalThis, "fetch", "fetch", OUTSIDE],
    [globalThis, "WebSocket", "WebSocket", OUTSIDE],
    [globalThis, "EventSource", "EventSource", OUTSIDE],
    [globalThis, "Worker", "Worker", OUTSIDE],
    [Deno, "Command", "Deno.Command", OUTSIDE],
    [Deno, "serve", "Deno.serve", SIMULATED],
    [Deno, "connectTls", "Deno.connectTls", "use openConnection({ tls: true })"],
    [Deno, "listenTls", "Deno.listenTls", "use startServer({ tls })"],
    [Deno, "startTls", "Deno.startTls", "use startTls of this library"],
    [net.Socket.prototype, "connect", "net.Socket.connect", SIMULATED],
    [net.Server.prototype, "listen", "net.Server.listen", SIMULATED],
    [dgram.Socket.prototype, "bind", "dgram.Socket.bind", "use createDatagramEndpoint"],
    [dgram.Socket.prototype, "send", "dgram.Socket.send", "use createDatagramEndpoint"],
    [children.ChildProcess.prototype, "spawn", "child_process.spawn", OUTSIDE],
  ];
}
