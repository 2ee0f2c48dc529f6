import { assert, assertEquals, assertMatch } from "@std/assert";
import { examples, runExample } from "../run_example.ts";

const KEY = "0123456789abcdef".repeat(4);

/** The refusal of an example, by "example arguments". It ends with code 2. */
const WRONG: Record<string, string> = {
  "echo_server --port many": 'Cannot use --port: "many" is not a whole number',
  "echo_server --port 1.5": 'Cannot use --port: "1.5" is not a whole number',
  "echo_server --port 65536": "Cannot use --port: port 65536 is not in 0 to 65535",
  "echo_server --port=": "Cannot use --port: the value is empty",
  "echo_server --port -1": "Option '--port' argument is ambiguous; usage: …",
  "echo_server --port": "Option '--port <value>' argument missing; usage: …",
  "echo_server --path a.sock --port 1": "Cannot use --path together with --port",
  "echo_server --path a.sock --hostname localhost": "Cannot use --path together with --hostname",
  "echo_server --hostname http://localhost":
    'Cannot use --hostname: "http://localhost" is not a host name or an IP address',
  "echo_server 8888": "Unexpected argument '8888'; usage: …",
  "echo_server --prot 1": "Unknown option '--prot'; usage: …",
  "echo_client --port 0": "Cannot use --port: port 0 is not in 1 to 65535",
  "echo_client --message=": "Cannot use --message: the value is empty",
  "netcat --port 0": "Cannot use --port: port 0 is not in 1 to 65535",
  "unix_echo --path=": "Cannot use --path: the value is empty",
  "callbacks --limit -5": "Option '--limit' argument is ambiguous; usage: …",
  "concurrent_clients --clients 0": "Cannot use --clients: 0 is not at least 1",
  "concurrent_clients --lines many": 'Cannot use --lines: "many" is not a whole number',
  "tcp_proxy --target 127.0.0.1:99999": "Cannot use --target: port 99999 is not in 1 to 65535",
  "tcp_proxy --target x": 'Cannot use --target: "x" is not HOST:PORT',
  "tcp_proxy --idle 0": "Cannot use --idle: 0 is not at least 1",
  "capture --target 127.0.0.1:0": "Cannot use --target: port 0 is not in 1 to 65535",
  "capture --target http://localhost:80":
    'Cannot use --target: "http://localhost:80" is not HOST:PORT',
  "capture --file=": "Cannot use --file: the value is empty",
  "websocket_bridge --target x": 'Cannot use --target: "x" is not HOST:PORT',
  "websocket_bridge --target 127.0.0.1:99999":
    "Cannot use --target: port 99999 is not in 1 to 65535",
  "websocket_bridge --origin nope":
    'Cannot use --origin: "nope" is not an origin such as https://example.org',
  "websocket_bridge --origin https://example.org/page":
    'Cannot use --origin: "https://example.org/page" is not an origin such as https://example.org',
  "websocket_bridge --path a.sock": "Unknown option '--path'; usage: …",
  "production_server --metrics 99999": "Cannot use --metrics: port 99999 is not in 0 to 65535",
  "production_server --grace soon": 'Cannot use --grace: "soon" is not a whole number',
  "encrypted_echo --key zz": 'Cannot use --key: "zz" is not 64 hexadecimal digits',
  "encrypted_echo --port 8899": "Cannot use --port without --key",
  "encrypted_echo --connect": "Cannot use --connect without --key",
  [`encrypted_echo --connect --key ${KEY} --port 0`]:
    "Cannot use --port: port 0 is not in 1 to 65535",
  "layered_echo --path a.sock": "Cannot use --path without --key",
  "tls_echo --message hello": "Cannot use --message without --connect",
  "tls_echo --connect --port 0": "Cannot use --port: port 0 is not in 1 to 65535",
  "tls_echo --cert a.crt": "Cannot use --cert without --key",
  "tls_echo --cert no.crt --key no.key":
    "Cannot use --cert: No such file or directory (os error 2): readfile 'no.crt'",
  "tls_echo --ca no.crt":
    "Cannot use --ca: No such file or directory (os error 2): readfile 'no.crt'",
  "tls_echo --port 0 --cert deno.json --key deno.json":
    'Cannot use --cert: cert "{\\n  \\"name\\": …" is not a certificate in PEM, which begins with -----BEGIN',
  "starttls_smtp --port 0 --cert examples/certificates/localhost.crt --key examples/certificates/other.key":
    "Cannot use --cert: cert is for another key than key; give the two that were made together",
  "mutual_tls --cert examples/certificates/localhost.key --key examples/certificates/localhost.crt":
    "Cannot use --cert: cert holds a private key and no certificate; cert and key seem to be exchanged",
  "mutual_tls --port 8444": "Cannot use --port without --serve or --cert or --ca",
  "starttls_smtp --key a.key": "Cannot use --key without --cert",
  "redis/client --port 99999": "Cannot use --port: port 99999 is not in 1 to 65535",
  "redis/client --command=": "Cannot use --command: the value is empty",
  "redis/server --port x": 'Cannot use --port: "x" is not a whole number',
};

for (const [command, complaint] of Object.entries(WRONG)) {
  Deno.test(`The examples end with code 2 and one line for ${command}`, async () => {
    const [name = "", ...args] = command.split(" ");
    const { code, stdout, stderr } = await runExample(name, args);
    assertEquals([code, stdout], [2, []]);
    const shown = stderr.map((line) =>
      line.replace(/usage: .*$/, "usage: …").replace(/("\{\\n {2}\\"name\\": ).*…"/, '$1…"')
    );
    if (Deno.build.os !== "windows") assertEquals(shown, [`${name}: ${complaint}`]);
  });
}

for (const { name } of examples) {
  Deno.test(`${name} explains each flag on --help`, async () => {
    const { code, stdout, stderr } = await runExample(name, ["--help"]);
    assertEquals([code, stderr], [0, []]);
    const [usage = "", empty, ...lines] = stdout;
    assert(usage.startsWith(`usage: ${name} [`), usage);
    assertEquals(empty, "");
    const flags = [...usage.matchAll(/\[(--\w+)/g)].map(([, flag]) => flag);
    assertEquals(lines.map((line) => line.match(/^ {2}(--\w+)( [A-Z]+)? +\w/)?.[1]), flags);
  });
}

Deno.test("echo_server explains its flags on --help", async () => {
  const { stdout } = await runExample("echo_server", ["--help"]);
  assertEquals(stdout, [
    "usage: echo_server [--hostname HOSTNAME] [--port PORT] [--path PATH] [--help]",
    "",
    "  --hostname HOSTNAME  the host name or address to listen on (default: 127.0.0.1)",
    "  --port PORT          the port to listen on; 0: any free one (default: 8888)",
    "  --path PATH          the path of a Unix socket to listen on, instead of a port",
    "  --help               show this help",
  ]);
});

Deno.test("production_server names --metrics when the port of its metrics is in use", async () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const args = ["--port=0", `--metrics=${other.addr.port}`];
  const { code, stderr } = await runExample("production_server", args);
  assertEquals([code, stderr.length], [1, 1]);
  assertMatch(stderr.join(), /choose another --metrics \(0: any free one\)$/);
});

Deno.test({
  name: "unix_echo and echo_server name --path when a file exists at the path",
  ignore: Deno.build.os === "windows",
  async fn(): Promise<void> {
    const flags = ["--allow-net", "--allow-read", "--allow-write"];
    for (const name of ["unix_echo", "echo_server"]) {
      const { code, stderr } = await runExample(name, ["--path", "README.md"], { flags });
      assertEquals([code, stderr.length], [1, 1]);
      assertMatch(stderr.join(), /^\w+: Cannot listen on README\.md: .*; choose another --path$/);
    }
  },
});
