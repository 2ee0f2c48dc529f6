import { type Bytes, memoryTransportPair, type Transport } from "@sluice/net";
import { insertLayer } from "@sluice/net/layers";
import { RecordingProtocol, testTransport } from "@sluice/net/testing";
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { encryption, EncryptionError } from "../../examples/_encryption.ts";
import type { MakeTransportPair } from "../../testing/make_transport_pair.ts";
import { settle } from "../support/time/event_loop.ts";
import { turns } from "../../testing/conformance/scene.ts";
import { sampled } from "../support/runs/sampled.ts";

const KEY: Bytes = new Uint8Array(32).fill(7);

/** Encryptions that are under way: the system finishes them after an abort of the connection. */
const underWay = new Set<Promise<unknown>>();

for (const name of ["importKey", "deriveKey", "encrypt", "decrypt"] as const) {
  const real: unknown = crypto.subtle[name];
  Object.defineProperty(crypto.subtle, name, {
    value: (...args: unknown[]) => {
      const work = Reflect.apply(real as () => Promise<unknown>, crypto.subtle, args);
      underWay.add(work);
      return work;
    },
  });
}

/** A test that ends when nothing is being encrypted any more. */
function test(name: string, run: () => Promise<void>): void {
  Deno.test(name, async () => {
    await run();
    while (underWay.size > 0) {
      const all = [...underWay];
      underWay.clear();
      await Promise.allSettled(all);
      await settle();
    }
  });
}

/** An attacker between two encrypted ends: sees records, and may do with them what it likes. */
interface Attack {
  /** The bytes that are passed on instead of those that the first end sends. */
  forward?(chunk: Bytes, count: number): Bytes[];
}

const reported = new Set<Error>();

interface Connection {
  readonly top: Transport;
  readonly other: Transport;
  readonly received: RecordingProtocol;
  readonly wires: readonly Transport[];
}

async function connect(attack: Attack, keyB: Bytes = KEY): Promise<Connection> {
  reported.clear();
  const options = { onError: (error: Error) => void reported.add(error) };
  const [a, wireA] = await memoryTransportPair(
    () => new RecordingProtocol(),
    () => ({}),
    options,
  );
  const [b, wireB] = await memoryTransportPair(() => new RecordingProtocol(), () => ({}), options);
  join(wireA.transport, wireB.transport, attack.forward);
  join(wireB.transport, wireA.transport);
  return {
    top: await insertLayer(a.transport, encryption(KEY), options),
    other: await insertLayer(b.transport, encryption(keyB), options),
    received: b.protocol,
    wires: [wireA.transport, wireB.transport],
  };
}

function join(from: Transport, to: Transport, change?: Attack["forward"]): void {
  let count = 0;
  from.setProtocol({
    dataReceived: (chunk) => void to.writelines(change?.(chunk, count++) ?? [chunk]),
    eofReceived: () => {
      to.writeEof();
      return true;
    },
  });
}

async function outcome(attack: Attack, keyB?: Bytes): Promise<[Error | null, string]> {
  const { top, other, received, wires } = await connect(attack, keyB);
  // Each of them in a record, and a chunk, of its own; the first chunk is the salt.
  for (const text of ["one", "two", "three"]) {
    top.write(text);
    await turns();
  }
  top.writeEof();
  const { error } = await other.closed;
  for (const wire of wires) wire.abort();
  await Promise.all([top.closed, ...wires.map((wire) => wire.closed)]);
  return [error, received.receivedText];
}

test("encryption() sends no byte in clear text", async () => {
  const seen: number[] = [];
  const [error, text] = await outcome({
    forward(chunk): Bytes[] {
      seen.push(...chunk);
      return [chunk];
    },
  });
  assertEquals([error, text], [null, "onetwothree"]);
  assert(!new TextDecoder().decode(new Uint8Array(seen)).includes("three"));
});

const ATTACKS: Record<string, Attack> = {
  "a changed byte": {
    forward: (chunk, count) => [count === 2 ? chunk.with(9, (chunk[9] ?? 0) ^ 1) as Bytes : chunk],
  },
  "a record that is repeated": {
    forward: (chunk, count) => count === 2 ? [chunk, chunk] : [chunk],
  },
  "a record that is left out": { forward: (chunk, count) => count === 2 ? [] : [chunk] },
  "a length beyond the limit": {
    forward: (chunk, count) => count === 2 ? [new Uint8Array([0, 1, 0, 0])] : [chunk],
  },
  "a length that has no room for a tag": {
    forward: (chunk, count) => count === 2 ? [new Uint8Array([0, 0, 0, 15])] : [chunk],
  },
  "a header that says it is the last one": {
    forward: (chunk, count) => [count === 2 ? chunk.with(0, 0x80) as Bytes : chunk],
  },
  "garbage after the end": {
    forward: (chunk, count) => count === 4 ? [chunk, chunk.subarray(0, 30)] : [chunk],
  },
};

for (const [name, attack] of Object.entries(ATTACKS)) {
  test(`encryption() ends with EncryptionError for ${name}`, async () => {
    const [error, text] = await outcome(attack);
    assertInstanceOf(error, EncryptionError);
    assert("onetwothree".startsWith(text), text);
    assert(reported.has(error), "not reported");
  });
}

test("encryption() ends with EncryptionError when the data is cut off, even between records", async () => {
  for (let kept = 1; kept <= 3; kept++) {
    const [error] = await outcome({ forward: (chunk, count) => count <= kept ? [chunk] : [] });
    assertInstanceOf(error, EncryptionError);
    assertEquals(error.message, "Cannot decrypt: the data ended before its end was sent");
  }
});

test("encryption() ends with EncryptionError for another key, and for its own bytes sent back", async () => {
  const [error, text] = await outcome({}, new Uint8Array(32).fill(8));
  assertInstanceOf(error, EncryptionError);
  assertEquals(text, "");

  const [a, wire] = await memoryTransportPair(() => new RecordingProtocol(), () => ({
    dataReceived: (chunk: Bytes) => void wire.transport.write(chunk),
  }));
  const top = await insertLayer(a.transport, encryption(KEY), { onError: () => {} });
  const reflected = (await top.closed).error;
  assertInstanceOf(reflected, EncryptionError);
  assertEquals(reflected.message, "Cannot decrypt: the salt is our own, sent back");
  await wire.transport.closed;
});

test("encryption() sends what is written right before close()", async () => {
  const [a, b] = await memoryTransportPair(
    () => new RecordingProtocol(),
    () => new RecordingProtocol(),
    { layers: [encryption(KEY)] },
  );
  a.transport.write("at once");
  a.transport.close();
  assertEquals([(await a.transport.closed).error, (await b.transport.closed).error], [null, null]);
  assertEquals(b.protocol.receivedText, "at once");
});

Deno.test("encryption() throws RangeError for a key of another length", () => {
  assertThrows(() => encryption(new Uint8Array(16)), RangeError, "the key has 16 bytes, not 32");
});

/** A peer that aborts truncates: that is reported, rightly, though no callback threw. */
const makePair: MakeTransportPair = (factoryA, factoryB, options) =>
  memoryTransportPair(factoryA, factoryB, {
    ...options,
    layers: [encryption(KEY)],
    onError: (error, context) => {
      if (!(error instanceof EncryptionError)) options.onError?.(error, context);
    },
  });

// What is encrypted in other threads takes long where these get little of a processor.
testTransport(makePair, { ...sampled("encryption", test), caseTimeout: 120_000 });
