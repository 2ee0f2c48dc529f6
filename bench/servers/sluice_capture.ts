/** Sluice's callbacks with `Capture` below them: packets are made, and written to a file that keeps none. */
import { Capture } from "../../mod.ts";
import { serveEcho } from "./serve_echo.ts";

// A disk would soon be full, and measured instead.
const capture = new Capture("/dev/null", {
  onError(error): void {
    // A capture with gaps costs less than a whole one.
    console.error(error);
    Deno.exit(1);
  },
});
await serveEcho({ layers: [capture.layer] });
