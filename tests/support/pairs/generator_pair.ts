import type { Bytes } from "../../../protocols/bytes.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import type { Carrier } from "../../../transports/core/carrier.ts";
import { connectCarrier } from "../../../transports/core/connect_carrier.ts";

/** Carriers whose source is a plain async generator, which cannot read into a given buffer. */
const generatorPair: MakeTransportPair = (...args) => pairOver(carrierOf, ...args);

/** The same, which can end both directions only. */
const generatorPairWithoutHalfClose: MakeTransportPair = (...args) =>
  pairOver((incoming, outgoing) => {
    const { closeWrite: _, ...carrier } = carrierOf(incoming, outgoing);
    return carrier;
  }, ...args);

/** The same, which take one byte of a few at a time: no message comes in one piece. */
const splittingPair: MakeTransportPair = (...args) =>
  pairOver(
    (incoming, outgoing) => ({
      ...carrierOf(incoming, outgoing),
      write: (bytes) => outgoing.put(bytes.length > 16 ? bytes : bytes.subarray(0, 1)),
    }),
    ...args,
  );

async function pairOver(
  makeCarrier: (incoming: SlowPipe, outgoing: SlowPipe) => Carrier,
  ...[factoryA, factoryB, options]: Parameters<MakeTransportPair>
): ReturnType<MakeTransportPair> {
  const there = new SlowPipe();
  const back = new SlowPipe();
  return [
    await connectCarrier(factoryA, makeCarrier(there, back), options),
    await connectCarrier(factoryB, makeCarrier(back, there), options),
  ];
}

function carrierOf(incoming: SlowPipe, outgoing: SlowPipe): Carrier {
  return {
    source: incoming.chunks(),
    write: (bytes) => outgoing.put(bytes),
    closeWrite: () => outgoing.end(),
    close: () => {
      void outgoing.end();
      incoming.abandon();
    },
    getExtraInfo: () => undefined,
  };
}

/** Carries one chunk at a time, of at most 20,000 bytes. */
class SlowPipe {
  #chunk: Bytes | null = null;
  #isEnded = false;
  #isAbandoned = false;
  #changed = Promise.withResolvers<void>();

  async *chunks(): AsyncGenerator<Bytes, void, unknown> {
    while (this.#chunk !== null || !this.#isEnded) {
      if (this.#chunk === null) {
        await this.#changed.promise;
        continue;
      }
      const chunk = this.#chunk;
      this.#chunk = null;
      this.#change();
      yield chunk;
    }
  }

  async put(bytes: Uint8Array): Promise<number> {
    while (this.#chunk !== null && !this.#isAbandoned) await this.#changed.promise;
    if (this.#isAbandoned) throw new Error("The other end is gone");
    this.#chunk = bytes.slice(0, 20_000);
    this.#change();
    return this.#chunk.length;
  }

  // deno-lint-ignore require-await -- a promise, as Carrier says
  async end(): Promise<void> {
    this.#isEnded = true;
    this.#change();
  }

  abandon(): void {
    this.#isAbandoned = true;
    this.#isEnded = true;
    this.#chunk = null;
    this.#change();
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

export { generatorPair, generatorPairWithoutHalfClose, splittingPair };
