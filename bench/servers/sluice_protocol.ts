/** Sluice's callbacks, with nothing in between. */
import { serveEcho } from "./serve_echo.ts";

await serveEcho();
