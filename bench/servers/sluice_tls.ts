/** Sluice's callbacks behind TLS; `--layer` or `--native` names the engine. */
import { serveEcho } from "./serve_echo.ts";

const certificates = new URL("../../examples/certificates/", import.meta.url);
const read = (name: string) => Deno.readTextFileSync(new URL(name, certificates));

await serveEcho({
  tls: {
    cert: read("localhost.crt"),
    key: read("localhost.key"),
    engine: Deno.args.includes("--layer") ? "layer" : "native",
  },
});
