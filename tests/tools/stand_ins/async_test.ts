// The stand-in must do as the real package does: each case runs against both where JSR answers.
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import * as std from "@std/async";

import * as standIn from "../../../tools/stand_ins/@std/async/1.5.0/mod.ts";

/** The class keeps its state in #fields, so only its shape can be common to both. */
interface Subject extends Omit<typeof standIn, "MuxAsyncIterator"> {
  MuxAsyncIterator: new () => AsyncIterable<string> & {
    add(iterable: AsyncIterable<string>): void;
  };
}

const SUBJECTS: [string, Subject][] = [["stand-in", standIn], ["imported", std]];

/** Yields its letters, each when the promise of the one before it has had a turn. */
async function* letters(text: string, onReturn: () => void = () => {}): AsyncGenerator<string> {
  try {
    for (const letter of text) yield await Promise.resolve(letter);
  } finally {
    onReturn();
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}

for (
  const [origin, { abortable, deadline, delay, MuxAsyncIterator, retry, RetryError }] of SUBJECTS
) {
  Deno.test(`abortable() (${origin}) settles as the promise does`, async () => {
    const { signal } = new AbortController();
    assertEquals(await abortable(Promise.resolve(1), signal), 1);
    await assertRejects(() => abortable(Promise.reject(new TypeError("no")), signal), TypeError);
  });

  Deno.test(`abortable() (${origin}) rejects with the reason when the signal aborts`, async () => {
    const controller = new AbortController();
    const waiting = abortable(never(), controller.signal);
    controller.abort(new RangeError("enough"));
    await assertRejects(() => waiting, RangeError, "enough");
  });

  Deno.test(`abortable() (${origin}) rejects at once when the signal has aborted`, async () => {
    await assertRejects(() => abortable(Promise.resolve(1), AbortSignal.abort()), DOMException);
  });

  Deno.test(`abortable() (${origin}) passes an iteration on to its end`, async () => {
    const { signal } = new AbortController();
    assertEquals(await Array.fromAsync(abortable(letters("abc"), signal)), ["a", "b", "c"]);
  });

  Deno.test(`abortable() (${origin}) ends an iteration when the signal aborts`, async () => {
    const controller = new AbortController();
    const seen: string[] = [];
    let returned = false;
    await assertRejects(async () => {
      for await (
        const letter of abortable(letters("abc", () => returned = true), controller.signal)
      ) {
        seen.push(letter);
        if (letter === "b") controller.abort(new RangeError("enough"));
      }
    }, RangeError);
    assertEquals(seen, ["a", "b"]);
    assert(returned);
  });

  Deno.test(`deadline() (${origin}) settles as the promise does within the time`, async () => {
    assertEquals(await deadline(Promise.resolve(1), Number.MAX_SAFE_INTEGER), 1);
  });

  Deno.test(`deadline() (${origin}) rejects with a TimeoutError after the time`, async () => {
    const kept = setInterval(() => {}, 1000); // The timer of a signal does not keep Deno alive.
    const error = await assertRejects(() => deadline(never(), 1), DOMException);
    clearInterval(kept);
    assertEquals(error.name, "TimeoutError");
  });

  Deno.test(`deadline() (${origin}) rejects with the reason when the signal aborts`, async () => {
    const controller = new AbortController();
    const waiting = deadline(never(), Number.MAX_SAFE_INTEGER, { signal: controller.signal });
    controller.abort(new RangeError("enough"));
    await assertRejects(() => waiting, RangeError);
  });

  Deno.test(`delay() (${origin}) resolves after the time`, async () => {
    const start = performance.now();
    await delay(20);
    assert(performance.now() - start >= 18);
  });

  Deno.test(`delay() (${origin}) resolves for a time that has passed`, async () => {
    await delay(-1);
    await delay(NaN);
  });

  Deno.test(`delay() (${origin}) rejects when the signal aborts, also with a time without end`, async () => {
    const controller = new AbortController();
    const waits = [delay(1000, controller), delay(Infinity, controller)];
    controller.abort(new RangeError("enough"));
    for (const wait of waits) await assertRejects(() => wait, RangeError);
    await assertRejects(() => delay(0, controller), RangeError);
  });

  Deno.test(`delay() (${origin}) need not keep the process alive`, async () => {
    const controller = new AbortController();
    const wait = delay(1000, { persistent: false, signal: controller.signal });
    controller.abort(new RangeError("enough"));
    await assertRejects(() => wait, RangeError);
  });

  Deno.test(`MuxAsyncIterator() (${origin}) yields the values of all as they come`, async () => {
    const mux = new MuxAsyncIterator();
    mux.add(letters("abc"));
    mux.add(letters("xyz"));
    assertEquals(await Array.fromAsync(mux), ["a", "x", "b", "y", "c", "z"]);
  });

  Deno.test(`MuxAsyncIterator() (${origin}) takes an iteration that is added on the way`, async () => {
    const mux = new MuxAsyncIterator();
    mux.add(letters("ab"));
    const seen: string[] = [];
    for await (const letter of mux) {
      if (letter === "a") mux.add(letters("x"));
      seen.push(letter);
    }
    assertEquals(seen.toSorted(), ["a", "b", "x"]);
  });

  Deno.test(`MuxAsyncIterator() (${origin}) throws what one of them throws`, async () => {
    async function* broken(): AsyncGenerator<string> {
      yield await Promise.resolve("a");
      throw new RangeError("broken");
    }
    const mux = new MuxAsyncIterator();
    mux.add(broken());
    await assertRejects(() => Array.fromAsync(mux), RangeError, "broken");
  });

  Deno.test(`MuxAsyncIterator() (${origin}) ends at once when nothing was added`, async () => {
    assertEquals(await Array.fromAsync(new MuxAsyncIterator()), []);
  });

  Deno.test(`retry() (${origin}) resolves to the first success`, async () => {
    let calls = 0;
    const result = await retry(() => {
      if (++calls < 3) throw new RangeError("not yet");
      return calls;
    }, { minTimeout: 0 });
    assertEquals(result, 3);
  });

  Deno.test(`retry() (${origin}) rejects with RetryError after the last attempt`, async () => {
    const cause = new RangeError("never");
    let calls = 0;
    const error = await assertRejects(
      () =>
        retry(() => {
          calls++;
          return Promise.reject(cause);
        }, { maxAttempts: 3, minTimeout: 1, jitter: 0 }),
      RetryError,
      "Retrying exceeded the maxAttempts (3).",
    );
    assertEquals([calls, error.name], [3, "RetryError"]);
    assert(error.cause === cause);
  });

  Deno.test(`retry() (${origin}) waits longer each time, up to the most`, async () => {
    const start = performance.now();
    await assertRejects(
      () =>
        retry(() => Promise.reject(new Error("never")), {
          maxAttempts: 4,
          minTimeout: 4,
          multiplier: 3,
          maxTimeout: 10,
          jitter: 0,
        }),
      RetryError,
    );
    assert(performance.now() - start >= 4 + 10 + 10 - 3);
  });

  Deno.test(`retry() (${origin}) passes on what is not worth another attempt`, async () => {
    await assertRejects(
      () => retry(() => Promise.reject(new TypeError("wrong")), { isRetriable: () => false }),
      TypeError,
    );
  });

  Deno.test(`retry() (${origin}) stops when the signal aborts`, async () => {
    const controller = new AbortController();
    const error = await assertRejects(() =>
      retry(() => {
        controller.abort(new RangeError("enough"));
        return Promise.reject(new Error("never"));
      }, { signal: controller.signal })
    );
    assertInstanceOf(error, RangeError);
  });

  for (
    const options of [
      { maxAttempts: 0 },
      { maxAttempts: 1.5 },
      { multiplier: 0.5 },
      { multiplier: Infinity },
      { maxTimeout: 0 },
      { minTimeout: -1 },
      { minTimeout: 2, maxTimeout: 1 },
      { jitter: 2 },
      { jitter: NaN },
    ]
  ) {
    Deno.test(`retry() (${origin}) rejects bad options: ${Object.entries(options)}`, async () => {
      await assertRejects(() => retry(() => 1, options), RangeError);
    });
  }
}

Deno.test("each module of the stand-in can be imported by its own path", async () => {
  assertEquals((await import("@std/async/delay")).delay, std.delay);
  assertEquals((await import("@std/async/retry")).retry, std.retry);
  assertEquals((await import("@std/async/abortable")).abortable, std.abortable);
  assertEquals((await import("@std/async/deadline")).deadline, std.deadline);
  assertEquals(
    (await import("@std/async/mux-async-iterator")).MuxAsyncIterator,
    std.MuxAsyncIterator,
  );
});

// Later versions than 1.5.0 return it.
Deno.test("abortable() leaves the iterator alone when the consumer leaves", async () => {
  let isReturned = false;
  const source = letters("abc", () => isReturned = true);
  for await (const letter of standIn.abortable(source, new AbortController().signal)) {
    if (letter === "a") break;
  }
  assert(!isReturned);
});

Deno.test("MuxAsyncIterator gives the last values again when it was left early", async () => {
  const mux = new standIn.MuxAsyncIterator<string>();
  mux.add(letters("ab"));
  for await (const letter of mux) if (letter === "a") break;
  const { value } = await mux.iterate().next();
  assertEquals(value, "a");
});
