/**
 * The load generator for machines without a C compiler: the same arguments, modes and output as
 * load.c, on Deno's own sockets. It is slower than some of the servers that it measures, so its
 * throughput may be its own limit; CPU time per message and memory are the server's all the same.
 */

import { runFlood, runIdle } from "./hold.ts";
import { runEcho } from "./echo.ts";
import { runOnce } from "./once.ts";
import { runRate } from "./rate.ts";
import { parseSettings } from "./settings.ts";
import { say, WrongBytesError } from "./report.ts";

const MODES = {
  echo: runEcho,
  stream: runEcho,
  once: runOnce,
  idle: runIdle,
  flood: runFlood,
  rate: runRate,
};

try {
  const settings = parseSettings(Deno.args);
  say({ event: "result", ...await MODES[settings.mode](settings) });
  Deno.exit(0);
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const wrong = error instanceof WrongBytesError;
  say({ event: wrong ? "wrong" : "failed", message: error.message });
  Deno.exit(wrong ? 3 : 1);
}
