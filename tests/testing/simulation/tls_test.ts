import { assertEquals } from "@std/assert";
import { openConnection, startServer } from "@sluice/net";
import { simulate, type SimulationRun } from "@sluice/net/testing";
import { CertificateMaker } from "../../support/certificates/certificate_maker.ts";

/** Clients that ask a server over TLS. */
function run(
  seed: number,
  cert: string,
  key: string,
  caCerts: string[],
): Promise<SimulationRun<number>> {
  return simulate(async (world) => {
    world.host("server", async () => {
      await using server = await startServer(async ({ reader, writer }) => {
        for await (const line of reader.lines()) writer.write(`${line}!\n`);
      }, { hostname: "0.0.0.0", port: 7, tls: { cert, key } });
      await server.serveForever();
    });
    let answers = 0;
    const client = (name: string): Promise<void> =>
      world.client(name, async () => {
        await using connection = await openConnection({
          hostname: "server",
          port: 7,
          tls: { caCerts, serverName: "localhost" },
        });
        for (let i = 0; i < 5; i++) {
          connection.writer.write("hello\n");
          if ((await connection.reader.readline()).length === 7) answers++;
          await new Promise((resolve) => setTimeout(resolve, 100 * Math.random()));
        }
      });
    await Promise.all(["ann", "bob", "cy"].map(client));
    return answers;
  }, { seed });
}

Deno.test("TLS in a world goes the same way each time, if signatures have one length", async () => {
  using maker = new CertificateMaker();
  maker.authority("ca");
  const { cert, key } = maker.signed("leaf", "ca", { key: ["-algorithm", "ED25519"] });
  const caCerts = [maker.read("ca.crt")];
  const first = await run(3, cert, key, caCerts);
  assertEquals(first.value, 15);
  assertEquals(await run(3, cert, key, caCerts), first);
});
