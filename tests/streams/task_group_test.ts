import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { delay } from "@std/async";
import { TaskGroup } from "../../streams/task_group.ts";
import { settle, stateOf } from "../support/time/event_loop.ts";

/** Waits for its signal and rejects with the reason: what a task does that is cancelled. */
function forever(signal: AbortSignal): Promise<never> {
  return delay(2 ** 31, { signal }).then(() => Promise.reject(new Error("Never")));
}

function errorsOf(running: Promise<unknown>): Promise<unknown[]> {
  return assertRejects(() => running, AggregateError, "a task failed").then(({ errors }) => errors);
}

Deno.test("TaskGroup.run() returns what the scope returns, after every task has ended", async () => {
  const order: string[] = [];
  const result = await TaskGroup.run((group) => {
    group.createTask(async () => {
      await settle();
      order.push("slow");
    });
    group.createTask(() => void order.push("fast"));
    order.push("scope");
    return "result";
  });
  order.push("after");
  assertEquals(result, "result");
  assertEquals(order, ["fast", "scope", "slow", "after"]);
});

Deno.test("TaskGroup.run() needs no task, and may have an async scope", async () => {
  assertEquals(await TaskGroup.run(() => 1), 1);
  assertEquals(await TaskGroup.run(() => Promise.resolve(2)), 2);
});

Deno.test("TaskGroup.createTask() gives what the task returns, also at once", async () => {
  const sum = await TaskGroup.run(async (group) => {
    const one = group.createTask(() => 1);
    const two = group.createTask(async () => await Promise.resolve(2));
    return await one + await two;
  });
  assertEquals(sum, 3);
});

Deno.test("TaskGroup aborts the other tasks at the first failure, waits for them and throws it", async () => {
  const order: string[] = [];
  const failure = new Error("Bug");
  const errors = await errorsOf(TaskGroup.run((group) => {
    for (const name of ["one", "two"]) {
      group.createTask(async (signal) => {
        try {
          await forever(signal);
        } finally {
          await settle();
          order.push(`${name} cleaned up`);
        }
      });
    }
    group.createTask(async () => {
      await settle();
      order.push("failed");
      throw failure;
    });
  }));
  assertEquals(errors.length, 1);
  assertStrictEquals(errors[0], failure);
  assertEquals(order, ["failed", "one cleaned up", "two cleaned up"]);
});

Deno.test("TaskGroup throws every failure, the first one first", async () => {
  const failures = [new Error("First"), new Error("Second"), "no error"];
  const errors = await errorsOf(TaskGroup.run((group) => {
    group.createTask(() => Promise.reject(failures[0]));
    group.createTask(async (signal) => {
      await forever(signal).catch(() => {});
      throw failures[1];
    });
    group.createTask(async () => {
      await settle();
      throw failures[2];
    });
  }));
  assertEquals(errors, failures);
});

for (const moment of ["at once", "later"]) {
  Deno.test(`TaskGroup treats a failure of the scope ${moment} as that of a task`, async () => {
    const failure = new Error("Bug in the scope");
    let isCancelled = false;
    const errors = await errorsOf(TaskGroup.run((group) => {
      group.createTask((signal) =>
        forever(signal).catch((error) => {
          isCancelled = true;
          throw error;
        })
      );
      if (moment === "at once") throw failure;
      return settle().then(() => Promise.reject(failure));
    }));
    assertEquals(errors, [failure]);
    assert(isCancelled);
  });
}

Deno.test("TaskGroup aborts the waits of its scope when a task fails", async () => {
  const failure = new Error("Bug");
  const errors = await errorsOf(TaskGroup.run(async (group) => {
    group.createTask(() => Promise.reject(failure));
    await forever(group.signal);
  }));
  assertEquals(errors, [failure]);
});

Deno.test("TaskGroup waits for tasks that tasks create, also after a failure", async () => {
  const order: string[] = [];
  const errors = await errorsOf(TaskGroup.run((group) => {
    group.createTask(async () => {
      await settle();
      group.createTask(async () => {
        await settle();
        group.createTask(async () => {
          await settle();
          order.push("grandchild");
        });
        throw new Error("Bug");
      });
    });
  }));
  assertEquals(errors.map(String), ["Error: Bug"]);
  assertEquals(order, ["grandchild"]);
});

Deno.test("TaskGroup.createTask() throws TypeError once the group has ended", async () => {
  let kept: TaskGroup | undefined;
  await TaskGroup.run((group) => void (kept = group));
  assert(kept);
  const group = kept;
  assertThrows(() => group.createTask(() => {}), TypeError, "the group has ended");
});

Deno.test("TaskGroup passes an aborted signal to a task that starts after a failure", async () => {
  let isAborted: boolean | undefined;
  await errorsOf(TaskGroup.run(async (group) => {
    await group.createTask(() => Promise.reject(new Error("Bug"))).catch(() => {});
    await settle();
    group.createTask((signal) => void (isAborted = signal.aborted));
  }));
  assertEquals(isAborted, true);
});

Deno.test("TaskGroup does not count a task that was cancelled, alone or by the group", async () => {
  const outer = new AbortController();
  const reason = new Error("Enough");
  const running = TaskGroup.run((group) => {
    group.createTask(forever);
    group.createTask(forever);
  }, { signal: outer.signal });
  assertEquals(await stateOf(running.catch(() => Promise.reject())), "pending");
  outer.abort(reason);
  assertStrictEquals(await assertRejects(() => running), reason);
});

Deno.test("TaskGroup whose signal aborts rejects with the reason also when all tasks have returned", async () => {
  const outer = new AbortController();
  const reason = new Error("Enough");
  let isDone = false;
  const running = TaskGroup.run((group) => {
    group.createTask(async (signal) => {
      await forever(signal).catch(() => settle());
      isDone = true;
    });
    return "result";
  }, { signal: outer.signal });
  outer.abort(reason);
  assertStrictEquals(await assertRejects(() => running), reason);
  assert(isDone);
});

Deno.test("TaskGroup whose signal aborts throws the failures of its tasks: none is lost", async () => {
  const outer = new AbortController();
  const failure = new Error("Bug in the clean-up");
  const running = TaskGroup.run((group) => {
    group.createTask(async (signal) => {
      await forever(signal).catch(() => {});
      throw failure;
    });
  }, { signal: outer.signal });
  outer.abort();
  assertEquals(await errorsOf(running), [failure]);
});

Deno.test("TaskGroup.run() starts nothing with a signal that is aborted", async () => {
  const reason = new Error("Too late");
  let isStarted = false;
  const running = TaskGroup.run(() => void (isStarted = true), {
    signal: AbortSignal.abort(reason),
  });
  assertStrictEquals(await assertRejects(() => running), reason);
  assertEquals(isStarted, false);
});

Deno.test("TaskGroup keeps the failure of a task whose promise is not awaited", async () => {
  const errors = await errorsOf(TaskGroup.run((group) => {
    void group.createTask(() => Promise.reject(new Error("Unseen")));
  }));
  assertEquals(errors.map(String), ["Error: Unseen"]);
});

Deno.test("TaskGroup lets a scope catch the failure of a task, and throws it nevertheless", async () => {
  const errors = await errorsOf(TaskGroup.run(async (group) => {
    await group.createTask(() => Promise.reject(new Error("Seen"))).catch(() => {});
  }));
  assertEquals(errors.map(String), ["Error: Seen"]);
});

Deno.test("TaskGroup inside a TaskGroup is cancelled with it", async () => {
  const failure = new Error("Bug");
  let isInnerDone = false;
  const errors = await errorsOf(TaskGroup.run((outer) => {
    outer.createTask(async (signal) => {
      try {
        await TaskGroup.run((inner) => void inner.createTask(forever), { signal });
      } finally {
        isInnerDone = true;
      }
    });
    outer.createTask(() => Promise.reject(failure));
  }));
  assertEquals(errors, [failure]);
  assert(isInnerDone);
});

Deno.test("TaskGroup.cancel() ends the tasks, and run() resolves", async () => {
  const reasons: unknown[] = [];
  const result = await TaskGroup.run((group) => {
    for (let i = 0; i < 3; i++) {
      group.createTask((signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            reasons.push(signal.reason);
            reject(signal.reason);
          });
        })
      );
    }
    group.createTask(() => group.cancel("enough"));
    return "result";
  });
  assertEquals([result, reasons], ["result", ["enough", "enough", "enough"]]);
});

Deno.test("TaskGroup.cancel() resolves run() to undefined when it ends the scope itself", async () => {
  const result = await TaskGroup.run((group) => {
    group.createTask(async () => {
      await settle();
      group.cancel();
    });
    return new Promise((_, reject) => {
      group.signal.addEventListener("abort", () => reject(group.signal.reason));
    });
  });
  assertEquals(result, undefined);
});

Deno.test("TaskGroup.cancel() hides no failure", async () => {
  const failure = new Error("spilt");
  const error = await assertRejects(
    () =>
      TaskGroup.run((group) => {
        group.createTask((signal) =>
          new Promise((_, reject) => signal.addEventListener("abort", () => reject(failure)))
        );
        group.cancel();
      }),
    AggregateError,
  );
  assertEquals(error.errors, [failure]);
});
