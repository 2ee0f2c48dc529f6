/** Sluice's callbacks on top of one layer that changes nothing. */
import { Layer } from "../../mod.ts";
import { serveEcho } from "./serve_echo.ts";

await serveEcho({ layers: [(upper, options) => new Layer(upper, options)] });
