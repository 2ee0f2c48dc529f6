import { assert } from "@std/assert";
import { deadline } from "@std/async";
import { StreamConnection } from "../../../streams/stream_connection.ts";
import { Random } from "../../../testing/conformance/random.ts";
import { RecordingTransport } from "../../../testing/recording/recording_transport.ts";
import type { Transport } from "../../../protocols/contract.ts";
import { turn } from "../../support/time/event_loop.ts";
import { isLongRun } from "../../support/runs/long_run.ts";
import { RandomReads, type Script } from "./random_reads.ts";
import { connectPair, type Medium } from "../../support/pairs/stream_pair.ts";
import { encode } from "../../support/text.ts";

/**
 * `SEED=7 CASES=1 deno test -A tests/streams/reading/random_reads_test.ts` runs case 7 of each
 * test, and no other.
 */
const FIRST_SEED = Number(Deno.env.get("SEED") ?? 1);
const CASES = Number(Deno.env.get("CASES") ?? NaN);
/** A case takes milliseconds. One that takes so long hangs. */
const CASE_TIMEOUT_MS = 60_000;

/** Data in which separators are neither rare nor everywhere. */
function randomData(random: Random, longest: number): Uint8Array<ArrayBuffer> {
  const length = random.below(longest);
  if (random.below(4) === 0) return random.bytes(length);
  const alphabet = encode(random.pick("ab;\r\n", "aaaaaaaa;\n", "abcdefghijklmnop\n", "ab;"));
  return new Uint8Array(length).map(() => alphabet[random.below(alphabet.length)] ?? 0);
}

function randomScript(random: Random, longest: number): Script {
  const data = randomData(random, longest);
  return {
    data,
    limit: random.below(2) === 0 ? 1 + random.below(100) : 2 * longest,
    largest: random.pick(longest / 20, longest / 5),
    failure: random.below(4) === 0 ? new Error("Cable cut") : null,
  };
}

async function runCases(
  name: string,
  count: number,
  run: (random: Random, log: (reads: RandomReads) => void) => Promise<void>,
): Promise<void> {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + (CASES || count); seed++) {
    let reads: RandomReads | undefined;
    try {
      await deadline(run(new Random(seed), (made) => reads = made), CASE_TIMEOUT_MS);
    } catch (error) {
      console.log(`${name}: seed ${seed} fails after\n${reads?.log.slice(-20).join("\n")}`);
      throw new Error(`Seed ${seed} fails: run it with SEED=${seed} CASES=1`, { cause: error });
    }
  }
}

/** Sends the data in pieces, at random moments, then ends as the script says. */
async function play(random: Random, script: Script, transport: RecordingTransport): Promise<void> {
  const feeds: Promise<void>[] = [];
  const largest = random.pick(1, 5, 50, 500);
  for (const piece of random.split(script.data, 1, largest)) {
    feeds.push(transport.feed(piece));
    if (random.below(3) === 0) await turn();
    for (let i = random.below(4); i > 0; i--) await null;
  }
  await Promise.all(feeds);
  if (script.failure === null) await transport.feedEof();
  else transport.lose(script.failure);
}

Deno.test("Random sequences of reads of a reader return its bytes whole and in order", async () => {
  await runCases("recording", isLongRun ? 4000 : 400, async (random, log) => {
    const script = randomScript(random, 1000);
    const transport = new RecordingTransport({});
    transport.start();
    const reads = new RandomReads(
      new Random(random.below(2 ** 32)),
      script,
      StreamConnection.over(transport, { limit: script.limit }),
    );
    log(reads);
    await Promise.all([reads.run(), play(random, script, transport)]);
  });
});

/** Writes the data in pieces, as fast as the reader takes it or not, and ends. */
async function send(random: Random, { data }: Script, transport: Transport): Promise<void> {
  for (const piece of random.split(data, 1, random.pick(10, 1000, 30_000))) {
    transport.write(piece);
    if (random.below(3) === 0) await turn();
  }
  transport.writeEof();
}

function testMedium(medium: Medium, count: number): void {
  Deno.test(`Random sequences of reads of a connection return its bytes whole and in order (${medium})`, async () => {
    await runCases(medium, count, async (random, log) => {
      const script = { ...randomScript(random, 20_000), failure: null };
      await using pair = await connectPair(medium, { limit: script.limit });
      const reads = new RandomReads(new Random(random.below(2 ** 32)), script, pair.b);
      log(reads);
      await Promise.all([reads.run(), send(random, script, pair.a.transport)]);
      assert(!pair.b.transport.isClosing());
    });
  });
}

testMedium("memory", isLongRun ? 1000 : 100);
testMedium("tcp", isLongRun ? 400 : 50);
