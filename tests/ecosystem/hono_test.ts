import { assertEquals } from "@std/assert";
import { createServer, type RequestListener } from "node:http";
import { type FetchHandler, serveHttp } from "../../node/mod.ts";
import { localhost, trusting } from "../support/certificates/certificates.ts";
import { ecosystemTest } from "./ecosystem_test_case.ts";
import { load } from "./packages.ts";

/** The parts of hono that are used here. */
interface Context {
  readonly req: { text(): Promise<string>; param(name: string): string };
  text(body: string): Response;
}
interface Hono {
  readonly Hono: new () => {
    readonly fetch: FetchHandler;
    post(path: string, handler: (context: Context) => Promise<Response>): void;
  };
}
interface HonoNodeServer {
  readonly getRequestListener: (fetch: FetchHandler) => RequestListener;
}

ecosystemTest({
  name: "hono answers by its fetch, and by @hono/node-server, over TLS of this library",
  async run(t): Promise<void> {
    const { Hono } = await load<Hono>("hono");
    const { getRequestListener } = await load<HonoNodeServer>("@hono/node-server");
    const app = new Hono();
    app.post("/hello/:name", async ({ req, text }) => {
      return text(`hello ${req.param("name")}, ${(await req.text()).length}`);
    });
    const caCerts = [...trusting.caCerts ?? []];
    const ask = async (handler: Parameters<typeof serveHttp>[0]): Promise<void> => {
      await using server = await serveHttp(handler, { port: 0, tls: localhost });
      using client = Deno.createHttpClient({ caCerts });
      const url = `https://localhost:${server.port}/hello/Ada`;
      const response = await fetch(url, { client, method: "POST", body: "x".repeat(100_000) });
      assertEquals(await response.text(), "hello Ada, 100000");
    };
    await t.step("by its fetch", () => ask(app.fetch));
    await t.step("by @hono/node-server", () => ask(createServer(getRequestListener(app.fetch))));
  },
});
