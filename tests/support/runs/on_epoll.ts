/**
 * For `deno test --preload`: runs every test on epollNetwork, but those of Deno's own network.
 *
 * @module
 */
import { epollNetwork } from "../../../transports/networks/epoll/epoll_network.ts";
import { withNetwork } from "../../../transports/networks/with_network.ts";

type TestFunction = (context: Deno.TestContext) => void | Promise<void>;

/** What is said of Deno's own sockets and TLS, by the names of the tests. */
const DENOS_OWN = /\bnative\b|tshark/;

const register = Deno.test;

/** `Deno.test` in all its forms; the function is the one among the arguments, or in the options. */
function testOnEpoll(...args: unknown[]): void {
  if (args.some((arg) => DENOS_OWN.test(nameOf(arg)))) return;
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
  const run: TestFunction = (context) => withNetwork(epollNetwork, () => test(context));
  Object.defineProperty(run, "name", { value: test.name });
  return run;
}

Object.defineProperty(Deno, "test", { value: Object.assign(testOnEpoll, register) });
