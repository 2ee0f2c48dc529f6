/** Every scenario there is, in the order of the tables. */

import type { Scenario } from "../harness/scenario.ts";
import { scenarios as codecs } from "./codecs.ts";
import { scenarios as compression } from "./compression.ts";
import { scenarios as connections } from "./connections.ts";
import { scenarios as echo } from "./echo.ts";
import { scenarios as latency } from "./latency.ts";
import { scenarios as memory } from "./memory.ts";
import { scenarios as redis } from "./redis.ts";
import { scenarios as tls } from "./tls.ts";
import { scenarios as transfer } from "./transfer.ts";

/** The scenarios. */
export const SCENARIOS: readonly Scenario[] = [
  ...echo,
  ...connections,
  ...memory,
  ...transfer,
  ...compression,
  ...latency,
  ...tls,
  ...codecs,
  ...redis,
];
