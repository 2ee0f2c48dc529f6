import { assertEquals } from "@std/assert";
import type { Bytes } from "../../../protocols/bytes.ts";
import type { AnyProtocol, Transport } from "../../../protocols/contract.ts";
import { Random } from "../../../testing/conformance/random.ts";
import { assertSameBytes } from "../../../testing/conformance/same_bytes.ts";
import { turns } from "../../../testing/conformance/scene.ts";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import { insertLayer, removeLayer } from "../../../transports/stack/live_layers.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { borrowingIdentity, identity, passThrough } from "../../support/pairs/sample_layers.ts";

/** So many changes at most: a test that hangs is to end. */
const MAX_CHANGES = 500;

/** One end of a connection whose layers come and go. */
class RestackedEnd {
  readonly #random: Random;
  #top: Transport;
  #layers = 0;
  // Whether its protocol wants to read: the transport of the moment is told.
  #isReading = true;

  constructor(random: Random, transport: Transport) {
    this.#random = random;
    this.#top = transport;
  }

  /** The transport on top of the layers that are there. */
  get top(): Transport {
    return this.#top;
  }

  set isReading(isReading: boolean) {
    this.#isReading = isReading;
    if (isReading) this.#top.resumeReading();
    else this.#top.pauseReading();
  }

  /** Puts layers in and takes them out at random, until all is over. */
  async restack(isOver: () => boolean): Promise<void> {
    for (let i = 0; i < MAX_CHANGES && !isOver(); i++) {
      await turns(this.#random.below(4));
      if (this.#layers < 3 && this.#random.below(2) === 0) {
        const make = this.#random.pick(identity, borrowingIdentity, passThrough);
        this.#top = await insertLayer(this.#top, make());
        this.#layers++;
      } else if (this.#layers > 0) {
        this.#top = await removeLayer(this.#top);
        this.#layers--;
      }
      // It was another transport that was told last.
      this.isReading = this.#isReading;
    }
  }

  /** Has the protocol not read for some turns, now and then. */
  async pauseAtRandom(isOver: () => boolean): Promise<void> {
    for (let i = 0; i < MAX_CHANGES && !isOver(); i++) {
      await turns(this.#random.below(20));
      this.isReading = false;
      await turns(this.#random.below(4));
      this.isReading = true;
    }
  }
}

/** Sends back what it receives, and reads only while the other end does. */
function echoOn(end: () => RestackedEnd, random: Random): AnyProtocol {
  return {
    borrowsChunks: random.below(2) === 0,
    dataReceived: (chunk) => void end().top.write(chunk),
    pauseWriting: () => end().isReading = false,
    resumeWriting: () => end().isReading = true,
  };
}

async function write(random: Random, end: RestackedEnd, bytes: Bytes): Promise<void> {
  for (const piece of random.split(bytes, 1, 60_000)) {
    end.top.write(piece);
    for (let i = 0; i < MAX_CHANGES && end.top.getWriteBufferSize() > 1_000_000; i++) {
      await turns(1);
    }
    if (random.below(3) === 0) await turns(1);
  }
}

for (let seed = 1; seed <= 20; seed++) {
  Deno.test(`An echo that reads only while its client does survives layers that come and go at both ends, seed ${seed}`, async () => {
    const random = new Random(seed);
    const sent = random.bytes(3_000_000);
    const ends: RestackedEnd[] = [];
    const reported: Error[] = [];
    const echo = echoOn(() => ends[1] as RestackedEnd, random);
    const [a, b] = await memoryTransportPair(() => new RecordingProtocol(), () => echo, {
      onError: (error) => reported.push(error),
    });
    const [client, server] = [a, b].map(({ transport }) => new RestackedEnd(random, transport));
    if (client === undefined || server === undefined) throw new Error("There are two ends");
    ends.push(client, server);
    let isOver = false;
    const changes = ends.map((end) => end.restack(() => isOver));
    const pauses = client.pauseAtRandom(() => isOver);
    await write(random, client, sent);
    await a.protocol.untilReceived(sent.length);
    isOver = true;
    await Promise.all([...changes, pauses]);
    assertSameBytes(a.protocol.received, sent);
    client.top.close();
    await Promise.all([client.top.closed, server.top.closed]);
    assertEquals(reported, []);
  });
}
