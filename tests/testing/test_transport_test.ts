import {
  assert,
  assertEquals,
  AssertionError,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { CloseInfo } from "../../protocols/facts/close_info.ts";
import type { AnyProtocol, ProtocolCallbacks, Transport } from "../../protocols/contract.ts";
import type { ExtraInfo, ExtraInfoValue } from "../../protocols/facts/extra_info.ts";
import type { MakeTransportPair, TransportGap } from "../../testing/make_transport_pair.ts";
import { testTransport, type TestTransportOptions } from "../../testing/test_transport.ts";
import { InvalidStateError } from "../../protocols/errors.ts";
import { memoryTransportPair } from "../../transports/memory_transport_pair.ts";
import { TransportWrapper } from "../../transports/core/transport_wrapper.ts";

/** Runs those cases of the battery whose names match, up to the first that fails. */
async function runCases(
  matching: RegExp,
  makePair: MakeTransportPair,
  options: TestTransportOptions = {},
): Promise<number> {
  let runs = 0;
  await testTransport(makePair, {
    caseTimeout: 60_000,
    ...options,
    test: async (name, run) => {
      if (!matching.test(name)) return;
      runs++;
      await run();
    },
  });
  return runs;
}

/** Checks that a case fails for what the transport does, and not for a mistake of its own. */
async function assertFails(matching: RegExp, makePair: MakeTransportPair): Promise<void> {
  const cases = () => runCases(matching, makePair, { caseTimeout: 1000 });
  const error = await assertRejects(cases, Error);
  const isVerdict = error instanceof AssertionError || /^Cannot (finish|wait)/.test(error.message);
  if (!isVerdict) throw error;
}

/** Pairs whose transports are wrapped. */
function wrapping(wrap: (inner: Transport) => Transport): MakeTransportPair {
  return async (...args) => {
    const [a, b] = await memoryTransportPair(...args);
    return [{ transport: wrap(a.transport) }, { transport: wrap(b.transport) }];
  };
}

/** Pairs whose protocols are told something else than what happens. */
function telling(change: (protocol: ProtocolCallbacks) => ProtocolCallbacks): MakeTransportPair {
  const around = (factory: () => AnyProtocol) => (): AnyProtocol => {
    const protocol = factory();
    if ("getBuffer" in protocol) return protocol;
    const forwarded: ProtocolCallbacks = {
      borrowsChunks: protocol.borrowsChunks === true,
      connectionMade: (transport) => protocol.connectionMade?.(transport),
      dataReceived: (chunk) => protocol.dataReceived?.(chunk),
      eofReceived: () => protocol.eofReceived?.(),
      pauseWriting: () => protocol.pauseWriting?.(),
      resumeWriting: () => protocol.resumeWriting?.(),
      connectionLost: (error) => protocol.connectionLost?.(error),
    };
    return { ...forwarded, ...change(protocol) };
  };
  return (a, b, options) => memoryTransportPair(around(a), around(b), options);
}

class LosesLastByte extends TransportWrapper {
  override write(data: Uint8Array | string): boolean {
    return super.write(data.length > 1 ? data.slice(0, -1) : data);
  }
}

class IgnoresOptions extends TransportWrapper {
  override write(data: Uint8Array | string): boolean {
    return super.write(data);
  }
}

class SwapsParts extends TransportWrapper {
  override writelines(parts: Iterable<Uint8Array | string>): boolean {
    return super.writelines([...parts].reverse());
  }
}

class TakesAnything extends TransportWrapper {
  override write(data: Uint8Array | string): boolean {
    return data instanceof Uint8Array || typeof data === "string" ? super.write(data) : true;
  }
}

class WritesLater extends TransportWrapper {
  override write(data: Uint8Array | string): boolean {
    queueMicrotask(() => super.write(data));
    return true;
  }
}

class NeverRefuses extends TransportWrapper {
  override write(data: Uint8Array | string): boolean {
    super.write(data);
    return true;
  }
}

class NeverPauses extends TransportWrapper {
  override pauseReading(): void {}
}

class ClosesByAbort extends TransportWrapper {
  override close(): void {
    this.abort();
  }
}

class AbortsByClose extends TransportWrapper {
  override abort(): void {
    this.close();
  }
}

class TellsAtOnce extends TransportWrapper {
  override close(): void {
    this.getProtocol().connectionLost?.(null);
    super.close();
  }
}

class NeverEnds extends TransportWrapper {
  override get closed(): Promise<CloseInfo> {
    return new Promise(() => {});
  }
}

class TakesAnyLimits extends TransportWrapper {
  override setWriteBufferLimits(limits?: { high?: number; low?: number }): void {
    try {
      super.setWriteBufferLimits(limits);
    } catch {
      super.setWriteBufferLimits();
    }
  }
}

class KnowsNoFallback extends TransportWrapper {
  override getExtraInfo<K extends keyof ExtraInfo, F = null>(name: K): ExtraInfoValue<K> | F {
    return super.getExtraInfo(name) as ExtraInfoValue<K> | F;
  }
}

/** A fault of a transport, and the cases that have to find it. */
const WRAPPED_FAULTS: Record<string, [wrap: (inner: Transport) => Transport, cases: RegExp]> = {
  "loses a byte": [(inner) => new LosesLastByte(inner), /many sizes/],
  "swaps parts": [(inner) => new SwapsParts(inner), /writelines\(\) sends what/],
  "takes what is not bytes": [(inner) => new TakesAnything(inner), /any other kind throws/],
  "sends what was written over": [(inner) => new WritesLater(inner), /Changing up to/],
  "leaves data with the writer who gives it away": [
    (inner) => new IgnoresOptions(inner),
    /detaches the data at once/,
  ],
  "never says that it is full": [(inner) => new NeverRefuses(inner), /above high/],
  "reads while paused": [(inner) => new NeverPauses(inner), /under way at pauseReading/],
  "drops what is queued at close": [(inner) => new ClosesByAbort(inner), /4 MiB that are queued/],
  "flushes at abort": [(inner) => new AbortsByClose(inner), /closed tells "abort"/],
  "calls connectionLost inside": [(inner) => new TellsAtOnce(inner), /before they return/],
  "takes impossible limits": [(inner) => new TakesAnyLimits(inner), /throws RangeError unless/],
  "ignores the fallback": [(inner) => new KnowsNoFallback(inner), /gives the fallback/],
};

for (const [fault, [wrap, cases]] of Object.entries(WRAPPED_FAULTS)) {
  Deno.test(`testTransport() fails for a transport that ${fault}`, async () => {
    await assertFails(cases, wrapping(wrap));
  });
}

const shared = new Uint8Array(1_000_000);

/** A fault in the way a protocol is called, and the cases that have to find it. */
const TOLD_FAULTS: Record<
  string,
  [change: (protocol: ProtocolCallbacks) => ProtocolCallbacks, cases: RegExp]
> = {
  "uses a chunk again": [(protocol) => ({
    dataReceived: (chunk) => {
      shared.set(chunk);
      return protocol.dataReceived?.(shared.subarray(0, chunk.length));
    },
  }), /may be kept/],
  "leaves what it has lent with the borrower": [(protocol) => ({
    borrowsChunks: false,
    dataReceived: (chunk) => protocol.dataReceived?.(chunk),
  }), /empty after dataReceived/],
  "takes back what it has given": [(protocol) => ({
    borrowsChunks: true,
    dataReceived: (chunk) => protocol.dataReceived?.(chunk),
  }), /may be kept/],
  "does not wait for dataReceived": [(protocol) => ({
    dataReceived: (chunk) => void protocol.dataReceived?.(chunk),
  }), /until the promise of dataReceived\(\) settles/],
  "hides exceptions": [(protocol) => ({
    dataReceived: (chunk) => {
      try {
        return protocol.dataReceived?.(chunk);
      } catch {
        return;
      }
    },
  }), /exception in dataReceived\(\)/],
  "ends in spite of eofReceived": [(protocol) => ({
    eofReceived: () => void protocol.eofReceived?.(),
  }), /truthy answer/],
  "pauses the writer twice": [(protocol) => ({
    pauseWriting: () => {
      protocol.pauseWriting?.();
      protocol.pauseWriting?.();
    },
  }), /alternate under load/],
  "tells of the end twice": [(protocol) => ({
    connectionLost: (error) => {
      protocol.connectionLost?.(error);
      protocol.connectionLost?.(error);
    },
  }), /both ends at the same time/],
  "never tells of the end": [() => ({ connectionLost: () => {} }), /both ends at the same time/],
  "delivers after the end": [(protocol) => ({
    connectionLost: (error) => {
      protocol.connectionLost?.(error);
      protocol.dataReceived?.(new Uint8Array(1));
    },
  }), /Two connections do not/],
};

for (const [fault, [change, cases]] of Object.entries(TOLD_FAULTS)) {
  Deno.test(`testTransport() fails for a transport that ${fault}`, async () => {
    await assertFails(cases, telling(change));
  });
}

Deno.test("testTransport() lets the same protocols in between pass when they change nothing", async () => {
  const cases = /may be kept|promise of dataReceived|exception in dataReceived|truthy|Two conn/;
  // All but the case that asks for the very protocol of the factory.
  assert(await runCases(cases, telling(() => ({}))) >= 5);
});

Deno.test("testTransport() fails a case that never finishes, with its name and its events", async () => {
  const error = await assertRejects(
    () =>
      runCases(/^transport: closed resolves/, wrapping((inner) => new NeverEnds(inner)), {
        caseTimeout: 1000,
      }),
    Error,
  );
  assertStringIncludes(error.message, 'Cannot finish "closed resolves after connectionLost');
  assertStringIncludes(error.message, "within 1000 ms");
  assertStringIncludes(error.message, "a: connectionMade, connectionLost; 0 bytes received");
});

Deno.test("testTransport() says that a pair was made without the given factories", async () => {
  const error = await assertRejects(() =>
    runCases(
      /ends both sides/,
      (_a, b, options) => memoryTransportPair(() => ({}), b, options),
      {},
    ), Error);
  assertStringIncludes(error.message, "must call each protocol factory once: they were called 1");
});

Deno.test("testTransport() calls what releases a pair, after the connections have ended", async () => {
  const released: boolean[] = [];
  await runCases(/unknown name/, async (...args) => {
    const [a, b] = await memoryTransportPair(...args);
    return [a, b, () => released.push(a.transport.isClosing() && b.transport.isClosing())];
  });
  assertEquals(released, [true, true]);
});

Deno.test("testTransport() runs every case with each end in each place", async () => {
  const endings: Promise<CloseInfo>[] = [];
  await runCases(/closed tells "abort"/, async (a, b, options) => {
    const pair = await memoryTransportPair(a, b, options);
    endings.push(pair[0].transport.closed);
    return pair;
  });
  const [first, second] = await Promise.all(endings);
  assertEquals([first?.endedBy, second?.endedBy], ["abort", "peer"]);
});

for (const gap of ["halfClose", "backPressure", "onError", "maxWriteBuffer"] as const) {
  Deno.test(`testTransport() fails if the gap ${gap} is named but does not exist`, async () => {
    const gaps: TransportGap[] = [gap];
    await assertRejects(
      () => runCases(/The gap/, memoryTransportPair, { gaps, caseTimeout: 200 }),
      Error,
    );
  });
}

Deno.test("testTransport() leaves out what needs a gap that is named", async () => {
  const count = async (gaps: readonly TransportGap[]): Promise<number> => {
    let cases = 0;
    await testTransport(memoryTransportPair, { gaps, test: () => void cases++ });
    return cases;
  };
  const all = await count([]);
  assert(await count(["halfClose"]) < all - 5);
  assert(await count(["backPressure"]) < all - 5);
});

Deno.test("testTransport() passes for gaps that are there", async () => {
  class HasGaps extends TransportWrapper {
    override canWriteEof(): boolean {
      return false;
    }
    override getWriteBufferSize(): number {
      return 0;
    }
    override writeEof(): void {
      throw new InvalidStateError("Cannot end writing: on purpose");
    }
  }
  const makePair: MakeTransportPair = async (a, b) => {
    const [endA, endB] = await memoryTransportPair(a, b, { onError: () => {} });
    return [{ transport: new HasGaps(endA.transport) }, { transport: new HasGaps(endB.transport) }];
  };
  const gaps = ["halfClose", "backPressure", "onError", "maxWriteBuffer"] as const;
  assertEquals(await runCases(/The gap/, makePair, { gaps }), 4);
});
