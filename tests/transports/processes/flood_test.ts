import { assert, assertEquals } from "@std/assert";
import { posixTest as test } from "../../support/runs/posix_test.ts";
import { runFixture } from "./run_fixture.ts";

const MEBIBYTES = 256;
/**
 * The growth of memory that is allowed, in MiB: chunks that were read and are not collected yet.
 */
const SLACK = 96;

test(`Memory stays flat while a child writes ${MEBIBYTES} MiB that are not read yet, and all of it arrives; and while a child reads nothing`, async () => {
  const { lines, status } = await runFixture("flood_program.ts", ["--allow-run"], [
    String(MEBIBYTES),
  ]);
  assertEquals(status.code, 0);
  const [unread = NaN, received, reading = NaN, unsent = NaN] = lines.map(Number);
  assertEquals(received, MEBIBYTES * 1_048_576);
  for (const growth of [unread, reading, unsent]) assert(growth < SLACK, lines.join());
});
