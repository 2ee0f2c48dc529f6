import { assert, assertEquals } from "@std/assert";
import { runExample } from "./run_example.ts";

Deno.test("demo prints an exchange, back-pressure and an orderly end, and ends by itself", async () => {
  const { code, stdout, stderr } = await runExample("demo");
  assertEquals([code, stderr], [0, []]);
  const has = (text: string): boolean => stdout.some((line) => line.includes(text));
  const wanted = [
    "server   listening on 127.0.0.1:",
    'alice    -> "Hello, World"',
    'alice    <- "Hello, World"',
    "carol    is asked to pause",
    "carol    may go on",
    "carol    closed: 8388608 bytes came back",
    "server   stopped:",
  ];
  assertEquals(wanted.filter((text) => !has(text)), []);
  assert(stdout.length < 50, "fits on a screen");
});
