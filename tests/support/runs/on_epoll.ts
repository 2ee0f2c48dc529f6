/**
 * For `deno test --preload`: runs every test on epollNetwork, but those of Deno's own network and
 * those without any network.
 *
 * @module
 */
import { epollNetwork } from "../../../transports/networks/epoll/epoll_network.ts";
import { withNetwork } from "../../../transports/networks/with_network.ts";
import { reactorRests } from "./reactor_rests.ts";

type TestFunction = (context: Deno.TestContext) => void | Promise<void>;

/** Tests of Deno's own sockets and TLS, or of connections in memory, by their names. */
const LEFT_OUT = /\bnative\b|tshark|\bmemory\b/;

const register = Deno.test;

/** `Deno.test` in all its forms; the function is the one among the arguments, or in the options. */
function testOnEpoll(...args: unknown[]): void {
  if (args.some((arg) => LEFT_OUT.test(nameOf(arg)))) return;
  const wrapped = args.map((arg) => {
    if (typeof arg === "function") return onEpoll(arg as TestFunction);
    const { fn } = (arg ?? {}) as { fn?: TestFunction };
    return typeof fn === "function" ? { ...arg as object, fn: onEpoll(fn) } : arg;
  });
  Reflect.apply(register, Deno, wrapped);
}

function nameOf(arg: unknown): string {
  if (typeof arg === "string") return arg;
  return String((arg as { name?: unknown } | undefined)?.name ?? "");
}

function onEpoll(test: TestFunction): TestFunction {
  const run: TestFunction = async (context) => {
    try {
      await withNetwork(epollNetwork, () => test(context));
    } finally {
      await reactorRests();
    }
  };
  Object.defineProperty(run, "name", { value: test.name });
  return run;
}

Object.defineProperty(Deno, "test", { value: Object.assign(testOnEpoll, register) });
