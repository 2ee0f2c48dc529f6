import { createConnection, formatAddress, type Server } from "@sluice/net";
import { proxyProtocol } from "@sluice/net/layers";
import { startServer } from "@sluice/net";
import { assert, assertEquals } from "@std/assert";
import { RecordingProtocol } from "@sluice/net/testing";
import { startHaproxy } from "../../support/peers/haproxy.ts";
import { hasProgram } from "../../support/peers/outside_peer.ts";
import { freePort } from "../../support/places/free_port.ts";

const PAGE = await Deno.readTextFile(new URL("../../../docs/production.md", import.meta.url));

/** The first fence of that language on the page. */
function fence(language: string): string {
  const [, text] = PAGE.match(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "ms")) ?? [];
  if (text === undefined) throw new Error(`Cannot find fence: there is none of ${language}`);
  return text;
}

/** The page's configuration of HAProxy, but with other ports. */
function configFor(front: number, one: number, two: number): string {
  return fence("haproxy")
    .replace("bind :8888", `bind 127.0.0.1:${front}`)
    .replace("127.0.0.1:9001", `127.0.0.1:${one}`)
    .replace("127.0.0.1:9002", `127.0.0.1:${two}`);
}

const ignore = !hasProgram("haproxy", ["-v"]);

Deno.test({
  name: "haproxy accepts the configuration of docs/production.md unchanged",
  ignore,
  async fn(): Promise<void> {
    const config = await Deno.makeTempFile({ prefix: "sluice-", suffix: ".cfg" });
    try {
      await Deno.writeTextFile(config, fence("haproxy"));
      const { code, stderr } = await new Deno.Command("haproxy", { args: ["-c", "-f", config] })
        .output();
      assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
    } finally {
      await Deno.remove(config);
    }
  },
});

Deno.test({
  name:
    "haproxy, as in docs/production.md, distributes clients over two servers and tells their addresses",
  ignore,
  async fn(): Promise<void> {
    const seen: string[] = [];
    const start = (name: string): Promise<Server> =>
      startServer(({ transport, writer }) => {
        seen.push(formatAddress(transport.getExtraInfo("peername")));
        writer.write(name);
      }, { port: 0, layers: [proxyProtocol({ versions: [2] })] });
    await using one = await start("one");
    await using two = await start("two");
    const front = freePort();
    await using _haproxy = await startHaproxy(configFor(front, one.port, two.port));
    const answers = new Set<string>();
    const clients: string[] = [];
    for (let i = 0; i < 4; i++) {
      const { transport, protocol } = await createConnection(
        () => new RecordingProtocol(),
        { port: front },
      );
      clients.push(formatAddress(transport.getExtraInfo("sockname")));
      await transport.closed;
      answers.add(protocol.receivedText);
    }
    assertEquals([...answers].sort(), ["one", "two"]);
    for (const client of clients) assert(seen.includes(client), client);
  },
});
