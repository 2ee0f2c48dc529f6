import { assert, assertEquals, assertMatch } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("logging_transport logs what is written before it is sent", async () => {
  const { code, stdout, stderr } = await runExample("logging_transport");
  assertEquals([code, stderr], [0, []]);
  assertMatch(stdout[0] ?? "", /^write to 127\.0\.0\.1:\d+: "Hello World"$/);
  assertEquals(stdout.slice(1), ['received: "Hello World"', "close, 0 bytes queued"]);
});

Deno.test("callbacks answers the short question while a Worker has the long one", async () => {
  const { code, stdout, stderr } = await runExample("callbacks", ["--limit", "2000000"]);
  assertEquals([code, stderr], [0, []]);
  assertEquals(stdout, [
    "how many primes below 2000000?",
    "how many primes below 100?",
    "25 primes below 100",
    "148933 primes below 2000000",
  ]);
});

Deno.test("custom_transport carries a protocol over a MessagePort, with back-pressure", async () => {
  const { code, stdout, stderr } = await runExample("custom_transport");
  assertEquals([code, stderr], [0, []]);
  assertEquals(stdout[0], "connected through a MessagePort");
  assert(stdout.includes("received: HELLO OVER THERE"));
  const pause = stdout.findIndex((line) => line.startsWith("pause writing"));
  assert(pause > 0 && pause < stdout.indexOf("resume writing"));
  assertEquals(stdout.slice(-2), ["connection closed", "100016 bytes sent, 100016 received"]);
});

Deno.test("lost_orders finds what each version of the client does wrong", async () => {
  const { code, stdout, stderr } = await runExample("lost_orders");
  assertEquals([code, stderr], [0, []]);
  const verdicts = stdout.filter((line) => /^\w+: /.test(line));
  assertEquals(verdicts.map((line) => line.replace(/run with seed \d+, at [\d.]+ ms/, "run")), [
    'forgetful: Cannot finish run: host "main" failed: an order is lost',
    'insistent: Cannot finish run: host "main" failed: an order is sold twice',
    "exact: each order was sold once, in 100 networks",
  ]);
  assertEquals(stdout.filter((line) => line === "  Repeat it:").length, 2);
});

for (const name of ["logging_transport", "callbacks", "custom_transport", "lost_orders"]) {
  Deno.test(`${name} ends with one line for a flag it does not know`, async () => {
    const outcome = await runExample(name, ["--verbose"]);
    assertEquals([outcome.code, outcome.stdout, outcome.stderr.length], [2, [], 1]);
    assertMatch(outcome.stderr.join(), /Unknown option '--verbose'; usage: /);
  });
}
