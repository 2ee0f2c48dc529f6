/**
 * epollNetwork over a C library that counts its calls, and fails those that a test wants.
 *
 * @module
 */
import "../../../transports/networks/epoll/epoll_network.ts";
import { connect } from "../../../transports/networks/epoll/streams/connect.ts";
import { listen } from "../../../transports/networks/epoll/streams/listen.ts";
import type { Network } from "../../../transports/networks/network.ts";
import { FailingLibc } from "./failing_libc.ts";

/** A network for one test. */
export class CountedEpoll {
  /** The calls, by name. */
  readonly libc: FailingLibc;
  /** The network that makes the connections. */
  readonly network: Network;

  /** `fails` gives the errno of the failure of a call, or 0. */
  constructor(fails: (name: string) => number = () => 0) {
    this.libc = new FailingLibc(fails);
    const { libc } = this.libc;
    this.network = {
      name: "countedEpoll",
      honours: ["resetOnAbort"],
      connect: (place, options) => connect(libc, place, options),
      listen: (place, options) => listen(libc, place, options),
    };
  }

  /** How often a function was called. */
  count(name: string): number {
    return this.libc.calls.filter((call) => call === name).length;
  }
}
