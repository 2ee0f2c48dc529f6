import { assert, assertEquals, assertMatch } from "@std/assert";
import { openConnection, openDatagrams } from "@sluice/net";
import { outputOf, talk, testWith } from "../support/peers/outside_peer.ts";
import { examples, runExample, startExample, testWithSignals } from "./run_example.ts";

const SERVERS = ["udp_echo_server", "dns_server", "statsd_sink", "multicast_discovery"];

for (const name of SERVERS) {
  // Members of a multicast group share their port.
  const isExclusive = name !== "multicast_discovery";
  Deno.test(`${name} ends with one line when its port is in use, without its permission, and for a flag it does not know`, async () => {
    await using other = await openDatagrams({ localAddr: {} });
    const flags = examples.find((one) => one.name === name)?.flags
      .filter((flag) => !flag.startsWith("--allow-net")) ?? [];
    const [used, refused, unknown] = await Promise.all([
      isExclusive ? runExample(name, ["--port", String(other.port)]) : null,
      runExample(name, ["--port", "0"], { flags }),
      runExample(name, ["--prot", "0"]),
    ]);
    if (used !== null) {
      assertEquals([used.code, used.stdout, used.stderr.length], [1, [], 1]);
      assertMatch(used.stderr.join(), /Cannot bind 127\.0\.0\.1:\d+: .*; choose another --port/);
    }
    assertEquals([refused.code, refused.stdout, refused.stderr.length], [1, [], 1]);
    assertMatch(refused.stderr.join(), /run again with the --allow-net flag$/);
    assertEquals([unknown.code, unknown.stdout, unknown.stderr.length], [2, [], 1]);
    assertMatch(unknown.stderr.join(), /Unknown option '--prot'; usage: /);
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    testWithSignals(`${name} ends with code 0 on ${signal}`, async () => {
      await using server = startExample(name, ["--port", "0"]);
      await server.line(/^listening on /);
      const { code, stdout, stderr } = await server.stop(signal);
      assertEquals([code, stderr], [0, []]);
      assert(stdout.some((line) => /^stopped after \d+ datagrams? in, /.test(line)));
    });
  }
}

Deno.test("udp_echo_client prints what udp_echo_server sends back", async () => {
  await using server = startExample("udp_echo_server", ["--port", "0"]);
  const port = String(await server.port());
  const { code, stdout } = await runExample("udp_echo_client", [
    "--port",
    port,
    "--message",
    "grüße",
  ]);
  assertEquals([code, stdout], [0, [`received from 127.0.0.1:${port}: grüße`]]);
  await server.line(/^7 bytes from 127\.0\.0\.1:\d+$/);
});

Deno.test("udp_echo_client retries, and reports in the end that no answer came", async () => {
  await using silent = await openDatagrams({ localAddr: {} });
  const args = ["--port", String(silent.port), "--tries", "2", "--timeout", "50"];
  const { code, stderr } = await runExample("udp_echo_client", args);
  assertEquals([code, stderr.length], [1, 1]);
  assertMatch(stderr.join(), /No answer from 127\.0\.0\.1:\d+; is the server running\?$/);
  const received = [await silent.receive(), await silent.receive()];
  assertEquals(received.map((one) => one?.data.length), [12, 12]);
});

testWith("socat", "udp_echo_server echoes to socat", async () => {
  await using server = startExample("udp_echo_server", ["--port", "0"]);
  const args = ["-", `UDP:127.0.0.1:${await server.port()}`];
  assertEquals(await talk("socat", args, "hello\n", "hello\n"), "hello\n");
});

testWith(
  "dig",
  "dns_server answers dig over UDP and TCP, and sends it from UDP to TCP",
  async () => {
    await using server = startExample("dns_server", ["--port", "0"]);
    const port = String(await server.port());
    const dig = (...args: string[]): Promise<string> =>
      outputOf("dig", ["@127.0.0.1", "-p", port, "+time=5", ...args]);
    assertEquals(await dig("example.test", "A", "+short"), "192.0.2.1\n");
    assertEquals(await dig("example.test", "AAAA", "+short"), "2001:db8::1\n");
    assertEquals(await dig("example.test", "TXT", "+short"), '"a small zone"\n');
    assertEquals(await dig("example.test", "A", "+short", "+tcp"), "192.0.2.1\n");
    assertMatch(await dig("nowhere.example.test"), /status: NXDOMAIN.*SOA/s);
    assertMatch(await dig("example.test", "MX"), /status: NOERROR.*ANSWER: 0.*SOA/s);
    assertMatch(await dig("example.org"), /status: REFUSED/);
    assertMatch(await dig("many.example.test", "+ignore", "+noedns"), /flags: qr aa tc rd/);
    const retried = await dig("many.example.test");
    assertMatch(retried, /Truncated, retrying in TCP mode.*ANSWER: 100.*\(TCP\)/s);
    assertEquals((await dig("long.example.test", "TXT", "+short")).split("\n").length, 9);
    assertMatch(await dig("example.test", "+edns=1", "+noednsneg"), /status: BADVERS/);
  },
);

Deno.test("dns_server outlives malformed queries over UDP and TCP", async () => {
  await using server = startExample("dns_server", ["--port", "0"]);
  const port = await server.port();
  await using socket = await openDatagrams({ remoteAddr: { port } });
  const loop = new Uint8Array([1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1]);
  for (const junk of [new Uint8Array(0), new Uint8Array(5), new Uint8Array(9000)]) {
    await socket.send(junk);
  }
  await socket.send(loop);
  // 9000 zeros are longer than a query may be; an empty header and less get no answer.
  assertEquals(
    (await socket.receive())?.data,
    new Uint8Array([1, 2, 0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
  );
  await using connection = await openConnection({ port });
  connection.writer.write(new Uint8Array([0, loop.length, ...loop, 0, 3, 1, 2, 3]));
  const answers = await connection.reader.read();
  assertEquals(answers, new Uint8Array([0, 12, 1, 2, 0x81, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
});

testWithSignals(
  "statsd_sink adds up what comes, refuses what is no metric, and prints it",
  async () => {
    await using sink = startExample("statsd_sink", ["--port", "0", "--interval", "1"]);
    await using socket = await openDatagrams({ remoteAddr: { port: await sink.port() } });
    const sent = [
      "a:1|c\na:2|c\nq:17|g",
      "a:1|c|@0.5\nq:+3|g",
      "t:2|ms",
      "a:x|c",
      "",
      "\u001b[2J:1|c",
    ];
    for (const data of sent) await socket.send(data);
    await socket.send("end:1|g");
    await socket.close();
    // Datagrams over loopback keep their order: what was sent before has come.
    await sink.line(/^end = 1$/);
    const { stdout } = await sink.stop("SIGTERM");
    // They may have come in two intervals, each of which prints its own sums.
    const sum = (pattern: RegExp): number =>
      stdout.reduce((sum, line) => sum + Number(pattern.exec(line)?.[1] ?? 0), 0);
    assertEquals([sum(/^a (\d+)$/), sum(/^t (\d) times, mean 2 ms/), sum(/^\?\[2J (\d)$/)], [
      5,
      1,
      1,
    ]);
    assertEquals(stdout.findLast((line) => line.startsWith("q ")), "q = 20");
    assert(stdout.includes("1 lines refused, 0 datagrams dropped"), stdout.join("; "));
  },
);

testWithSignals("multicast_discovery finds the others on the loopback interface", async () => {
  await using probe = await openDatagrams({ localAddr: { hostname: "0.0.0.0" } });
  const port = String(probe.port);
  await probe.close();
  await using one = startExample("multicast_discovery", ["--port", port, "--name", "one"]);
  await one.line(/^listening on 0\.0\.0\.0:/);
  await using two = startExample("multicast_discovery", ["--port", port, "--name", "two"]);
  await Promise.all([
    one.line(/^found two at 127\.0\.0\.1:\d+$/),
    two.line(/^found one at 127\.0\.0\.1:\d+$/),
  ]);
});
