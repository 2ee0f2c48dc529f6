import { deadline } from "@std/async";
import { assertEquals, assertMatch } from "@std/assert";
import type { Transport } from "../../../../protocols/contract.ts";
import { openConnection } from "../../../../streams/open_connection.ts";
import { createServer } from "../../../../transports/create_server.ts";
import type { TlsOptions } from "../../../../transports/tls/tls_options.ts";
import { outputOf, PATIENCE_MS, testWith, withPeer } from "../../../support/peers/outside_peer.ts";
import { echoServer } from "../attempt.ts";
import {
  ca,
  client,
  localhost,
  other,
  pathOf,
  trusting,
} from "../../../support/certificates/certificates.ts";

const VERSIONS = [["TLSv1.2", "-tls1_2"], ["TLSv1.3", "-tls1_3"]] as const;

/** Runs openssl s_client to its end and gives what it printed. */
async function sClient(port: number, args: readonly string[], input: string): Promise<string> {
  const child = new Deno.Command("openssl", {
    args: ["s_client", "-connect", `127.0.0.1:${port}`, "-CAfile", pathOf("ca.crt"), ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode(input));
  await stdin.close();
  const { stdout, stderr } = await deadline(child.output(), PATIENCE_MS);
  const decoder = new TextDecoder();
  return decoder.decode(stdout) + decoder.decode(stderr);
}

for (const engine of ["native", "layer"] as const) {
  for (const [version, flag] of VERSIONS) {
    testWith("openssl", `Our server talks ${version} to openssl s_client (${engine})`, async () => {
      const received = Promise.withResolvers<string>();
      await using server = await createServer(
        () => ({ dataReceived: (chunk) => received.resolve(new TextDecoder().decode(chunk)) }),
        { port: 0, tls: { ...localhost, alpnProtocols: ["b", "a"], engine } },
      );
      const args = [flag, "-alpn", "a", "-verify_return_error"];
      const printed = await sClient(server.port, args, "from openssl\n");
      assertEquals(await received.promise, "from openssl\n");
      assertMatch(printed, /ALPN protocol: a/);
      assertMatch(printed, new RegExp(`${version.replace(".", "\\.")}, Cipher is`));
      assertMatch(printed, /Verify return code: 0 \(ok\)/);
    });

    testWith("openssl", `Our client talks ${version} to openssl s_server (${engine})`, async () => {
      const args = ["s_server", "-accept", "127.0.0.1:0", flag, "-rev", "-alpn", "z"];
      const files = ["-cert", pathOf("localhost.crt"), "-key", pathOf("localhost.key")];
      await withPeer("openssl", [...args, ...files], /^ACCEPT 127\.0\.0\.1:(\d+)/, async (port) => {
        const tls: TlsOptions = { ...trusting, alpnProtocols: ["z"], engine };
        const { reader, writer, closed } = await openConnection({ port, tls });
        writer.write("reverse\n");
        assertEquals(new TextDecoder().decode(await reader.readline()), "esrever\n");
        assertEquals(writer.getExtraInfo("alpnProtocol"), "z");
        if (engine === "layer") assertEquals(writer.getExtraInfo("tlsVersion"), version);
        writer.close();
        assertEquals((await closed).error, null);
      });
    });
  }
}

testWith("openssl", "Our server asks openssl s_client for a certificate", async () => {
  const made = Promise.withResolvers<Transport>();
  await using server = await createServer(() => ({ connectionMade: made.resolve }), {
    port: 0,
    tls: { ...localhost, requestCert: true, caCerts: [ca] },
  });
  const files = ["-cert", pathOf("client.crt"), "-key", pathOf("client.key")];
  await sClient(server.port, files, "x\n");
  const accepted = await made.promise;
  assertEquals(accepted.getExtraInfo("peercert")?.subject, { CN: "Ada Lovelace" });
});

testWith("openssl", "Our server shows openssl s_client the certificate it names", async () => {
  await using peer = await echoServer({ certificates: [localhost, other] });
  const printed = await sClient(peer.server.port, ["-servername", "other.example"], "x\n");
  assertMatch(printed, /subject=CN = other\.example/);
});

testWith("openssl", "Our client shows openssl s_server its certificate", async () => {
  const args = ["s_server", "-accept", "127.0.0.1:0", "-rev", "-Verify", "1"];
  const files = ["-cert", pathOf("localhost.crt"), "-key", pathOf("localhost.key")];
  const trusted = ["-CAfile", pathOf("ca.crt"), "-verify_return_error"];
  const all = [...args, ...files, ...trusted];
  await withPeer("openssl", all, /^ACCEPT 127\.0\.0\.1:(\d+)/, async (port) => {
    const { reader, writer, closed } = await openConnection({
      port,
      tls: { ...trusting, ...client },
    });
    writer.write("abc\n");
    assertEquals(new TextDecoder().decode(await reader.readline()), "cba\n");
    writer.close();
    await closed;
  });
});

const PYTHON_SERVER = `
import asyncio, ssl, sys
async def handle(reader, writer):
    line = await reader.readline()
    if line == b"STARTTLS\\n":
        writer.write(b"go\\n")
        await writer.start_tls(context)
        line = await reader.readline()
    writer.write(line.upper())
    await writer.drain()
    print("eof", await reader.read(), flush=True)
    writer.close()
    try:
        await writer.wait_closed()
        print("closed in order", flush=True)
    except Exception as error:
        print("closed with", type(error).__name__, flush=True)
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(sys.argv[1], sys.argv[2])
async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context if sys.argv[3] == "tls" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
`;

const PYTHON_CLIENT = `
import asyncio, ssl, sys
async def main():
    context = ssl.create_default_context(cafile=sys.argv[1])
    reader, writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[2]), ssl=context, server_hostname="localhost")
    writer.write(b"from python\\n")
    print(await reader.readline())
    writer.close()
    await writer.wait_closed()
    print("closed in order")
asyncio.run(main())
`;

for (const engine of ["native", "layer"] as const) {
  testWith("python3", `Our client talks to an asyncio server (${engine})`, async () => {
    const args = ["-c", PYTHON_SERVER, pathOf("localhost.crt"), pathOf("localhost.key"), "tls"];
    await withPeer("python3", args, /^(\d+)$/, async (port, line) => {
      const { reader, writer, closed } = await openConnection({
        port,
        tls: { ...trusting, engine },
      });
      writer.write("hello\n");
      assertEquals(new TextDecoder().decode(await reader.readline()), "HELLO\n");
      writer.close();
      assertEquals((await closed).error, null);
      await line(/^eof b''$/);
      await line(/^closed in order$/);
    });
  });

  testWith("python3", `Our server talks to an asyncio client (${engine})`, async () => {
    await using peer = await echoServer({ ...localhost, engine });
    const printed = await outputOf("python3", [
      "-c",
      PYTHON_CLIENT,
      pathOf("ca.crt"),
      String(peer.server.port),
    ]);
    assertEquals(printed, "b'from python\\n'\nclosed in order\n");
    assertEquals(peer.reported, []);
  });
}

testWith("python3", "Our client starts TLS with an asyncio server", async () => {
  const args = ["-c", PYTHON_SERVER, pathOf("localhost.crt"), pathOf("localhost.key"), "plain"];
  await withPeer("python3", args, /^(\d+)$/, async (port, line) => {
    const connection = await openConnection({ port });
    const { reader, writer } = connection;
    writer.write("STARTTLS\n");
    assertEquals(new TextDecoder().decode(await reader.readline()), "go\n");
    await connection.startTls(trusting);
    writer.write("secret\n");
    assertEquals(new TextDecoder().decode(await reader.readline()), "SECRET\n");
    assertEquals((await connection.close()).error, null);
    await line(/^closed in order$/);
  });
});
