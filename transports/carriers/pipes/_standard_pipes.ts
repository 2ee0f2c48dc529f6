import type { Carrier } from "../../core/carrier.ts";
import { StandardOutput } from "./file_pipe.ts";
import { openStdin } from "./open_pipe.ts";
import { PipeCarrier } from "./pipe_carrier.ts";

/** This program's stdin and stdout. */
export function standardPipes(): Carrier {
  return new PipeCarrier({ input: openStdin(), output: new StandardOutput(Deno.stdout) });
}
