import { deadline } from "@std/async";
import { assertMatch } from "@std/assert";
import { localhost, pathOf } from "../../../support/certificates/certificates.ts";
import { PATIENCE_MS, testWith } from "../../../support/peers/outside_peer.ts";
import { echoServer } from "../attempt.ts";

/** Talks to openssl s_client, whose input and output are lines and commands of one letter. */
async function withSClient(
  port: number,
  flag: string,
  use: (
    say: (text: string) => Promise<void>,
    heard: (pattern: RegExp) => Promise<void>,
  ) => Promise<void>,
): Promise<void> {
  const child = new Deno.Command("openssl", {
    args: ["s_client", "-connect", `127.0.0.1:${port}`, "-CAfile", pathOf("ca.crt"), flag],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdin = child.stdin.getWriter();
  let printed = "";
  let onPrinted = (): void => {};
  const collect = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      printed += text;
      onPrinted();
    }
  };
  const ended = Promise.all([collect(child.stdout), collect(child.stderr)]);
  let isOver = false;
  void ended.then(() => isOver = true);
  const heard = async (pattern: RegExp): Promise<void> => {
    while (!isOver && !pattern.test(printed)) {
      const more = new Promise<void>((resolve) => onPrinted = resolve);
      await deadline(Promise.race([more, ended]), PATIENCE_MS);
    }
    assertMatch(printed, pattern);
  };
  try {
    await use((text) => stdin.write(new TextEncoder().encode(text)), heard);
  } finally {
    // It may have ended by itself.
    await stdin.close().catch(() => {});
    await child.status;
    await ended;
  }
}

testWith(
  "openssl",
  "TlsCarrier answers a wish to renegotiate when it has no data to send",
  async () => {
    await using echo = await echoServer({ ...localhost, engine: "layer" });
    await withSClient(echo.server.port, "-tls1_2", async (say, heard) => {
      await say("hello\n");
      await heard(/^hello$/m);
      await say("R\n");
      await heard(/no renegotiation/);
    });
  },
);

testWith("openssl", "TlsCarrier goes on after an update of the keys", async () => {
  await using echo = await echoServer({ ...localhost, engine: "layer" });
  await withSClient(echo.server.port, "-tls1_3", async (say, heard) => {
    await say("hello\n");
    await heard(/^hello$/m);
    await say("K\n");
    await heard(/KEYUPDATE/);
    await say("again\n");
    await heard(/^again$/m);
  });
});
