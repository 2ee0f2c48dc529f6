import { assert, assertEquals } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("demo shows three APIs, back-pressure and an orderly end, and exits by itself", async () => {
  const { code, stdout, stderr } = await runExample("demo");
  assertEquals([code, stderr], [0, []]);
  const has = (text: string): boolean => stdout.some((line) => line.includes(text));
  const wanted = [
    "server  listening on 127.0.0.1:",
    'alice   <- "Hello from callbacks"',
    'bob     <- "Hello from reader and writer"',
    'carol   <- "Hello from Web streams"',
    "dave    is asked to pause",
    "dave    may go on",
    "dave    <- 8 MiB",
    'erin    <- "goodbye"',
    "server  has stopped: 1 connection finished, 0 aborted",
  ];
  assertEquals(wanted.filter((text) => !has(text)), []);
  assert(stdout.length < 50, "fits on a screen");
});
