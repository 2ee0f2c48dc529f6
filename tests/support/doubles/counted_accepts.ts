import { WaitQueue } from "../../../protocols/waits/wait_queue.ts";
import { denoNetwork } from "../../../transports/networks/deno_network.ts";
import type { Network } from "../../../transports/networks/network.ts";
import type { NetworkListener } from "../../../transports/servers/network_listener.ts";
import { turn } from "../time/event_loop.ts";

const { tls } = denoNetwork;

/** Deno's network, which tells when its servers have taken so many connections. */
export class CountedAccepts {
  #count = 0;
  readonly #waiting = new WaitQueue();

  readonly network: Network = {
    ...denoNetwork,
    listen: async (...args) => this.#counted(await denoNetwork.listen(...args)),
    ...(tls &&
      { tls: { ...tls, listen: async (...args) => this.#counted(await tls.listen(...args)) } }),
  };

  /** Resolves when the servers hold the connections. */
  async until(count: number): Promise<void> {
    while (this.#count < count) await this.#waiting.wait();
    // The server goes on with the last one in this turn.
    await turn();
  }

  #counted(listener: NetworkListener): NetworkListener {
    return {
      address: listener.address,
      close: () => listener.close(),
      accept: async () => {
        const carrier = await listener.accept();
        this.#count++;
        this.#waiting.release();
        return carrier;
      },
    };
  }
}
