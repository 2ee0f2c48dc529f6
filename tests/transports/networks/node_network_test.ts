import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ConnectTimeoutError, NameResolutionError } from "../../../protocols/errors.ts";
import { openConnection, type OpenConnectionOptions } from "../../../streams/open_connection.ts";
import { startServer, type StartServerOptions } from "../../../streams/servers/start_server.ts";
import { nodeNetwork } from "../../../transports/networks/node_network.ts";
import { outputOf } from "../../support/peers/outside_peer.ts";
import { freePort } from "../../support/places/free_port.ts";

const network = nodeNetwork;

/** A server on nodeNetwork that says where the client comes from. */
function whereFrom(options: Partial<StartServerOptions> = {}): ReturnType<typeof startServer> {
  return startServer(({ writer }) => {
    const peer = writer.getExtraInfo("peername");
    writer.write(peer !== null && "hostname" in peer ? `${peer.hostname}:${peer.port}` : "?");
  }, { network, ...options.fd === undefined && { port: 0 }, ...options });
}

async function ask(options: OpenConnectionOptions): Promise<string> {
  await using client = await openConnection({ network, ...options });
  return new TextDecoder().decode(await client.reader.read());
}

Deno.test("nodeNetwork connects from a local address and port", async () => {
  await using server = await whereFrom();
  const localPort = freePort();
  assertEquals(
    await ask({ port: server.port, localAddress: "127.0.0.3", localPort }),
    `127.0.0.3:${localPort}`,
  );
});

Deno.test("A local address that is not ours is an error with both addresses", async () => {
  await using server = await whereFrom();
  await assertRejects(
    () => ask({ port: server.port, localAddress: "192.0.2.1" }),
    Deno.errors.AddrNotAvailable,
    `Cannot connect to 127.0.0.1:${server.port}: localAddress 192.0.2.1 is not an address of`,
  );
});

Deno.test("A local address of the wrong family, or an invalid one, is refused and named", async () => {
  await using server = await whereFrom();
  await assertRejects(
    () => ask({ port: server.port, localAddress: "::1" }),
    Deno.errors.AddrNotAvailable,
    "localAddress ::1 is not an address of this machine, or is in use, or is of another family",
  );
  for (const localAddress of ["localhost", "", "127.0.0.1:80"]) {
    await assertRejects(
      () => ask({ port: server.port, localAddress }),
      TypeError,
      `Cannot connect: localAddress "${localAddress}" is not an IP address`,
    );
  }
});

Deno.test("nodeNetwork asks a look-up of the user's, and connects to the first address", async () => {
  await using server = await whereFrom({ hostname: "127.0.0.4" });
  const asked: string[] = [];
  const lookup = (hostname: string) => {
    asked.push(hostname);
    return Promise.resolve(["127.0.0.4"]);
  };
  const from = await ask({ hostname: "echo.test", port: server.port, lookup });
  assert(from.startsWith("127.0.0."), from);
  assertEquals(asked, ["echo.test"]);
});

Deno.test("A look-up that fails or gives nothing fails the attempt with its reason", async () => {
  const fails = () => Promise.reject(new RangeError("no such zone"));
  const error = await assertRejects(() => ask({ hostname: "a.test", port: 1, lookup: fails }));
  assert(error instanceof NameResolutionError || error instanceof RangeError, String(error));
  const none = await assertRejects(() => ask({ hostname: "a.test", port: 1, lookup: () => [] }));
  assertStringIncludes(String(none), "lookup gave no address of a.test");
});

Deno.test("A look-up that answers with anything but IP addresses fails the attempt", async () => {
  const answers = [
    [["a.test", "127.0.0.1"], 'lookup answered "a.test" for b.test, which is no IP address'],
    [["127.0.0.1", 5], "lookup answered 5 for b.test, which is no IP address"],
    ["127.0.0.1", 'lookup answered "127.0.0.1" for b.test; give a list of IP addresses'],
  ] as const;
  for (const [answer, text] of answers) {
    for (const allErrors of [false, true]) {
      // As callers without types do.
      const lookup = () => answer as readonly string[];
      const opening = ask({ hostname: "b.test", port: 1, lookup, allErrors });
      await assertRejects(() => opening, TypeError, text);
    }
  }
});

Deno.test("A look-up that hangs is ended by connectTimeout", async () => {
  const lookup = () => new Promise<string[]>(() => {});
  for (const allErrors of [false, true]) {
    const options = { hostname: "a.test", port: 1, lookup, allErrors, connectTimeout: 20 };
    await assertRejects(() => ask(options), ConnectTimeoutError, "no answer within 20 ms");
  }
});

Deno.test("A look-up that hangs is ended by the signal", async () => {
  const abort = new AbortController();
  const asked = Promise.withResolvers<void>();
  const lookup = () => {
    asked.resolve();
    return new Promise<string[]>(() => {});
  };
  const opening = ask({ hostname: "a.test", port: 1, lookup, signal: abort.signal });
  await asked.promise;
  abort.abort(new Error("changed my mind"));
  await assertRejects(() => opening, Error, "changed my mind");
});

Deno.test("An unknown host is a NameResolutionError on nodeNetwork", async () => {
  await assertRejects(
    () => ask({ hostname: "no.such.host.invalid", port: 1 }),
    NameResolutionError,
    "no.such.host.invalid",
  );
});

Deno.test("A refused connection has the class, code and words of Deno's", async () => {
  const port = freePort();
  const [onNode, onDeno] = await Promise.all([
    assertRejects(() => ask({ port }), Deno.errors.ConnectionRefused),
    assertRejects(() => openConnection({ port }), Deno.errors.ConnectionRefused),
  ]);
  assertEquals(onNode.message, onDeno.message);
});

Deno.test("A port in use has the class and words of Deno's", async () => {
  await using server = await whereFrom();
  const onNode = await assertRejects(
    () => whereFrom({ port: server.port }),
    Deno.errors.AddrInUse,
  );
  assertStringIncludes(
    onNode.message,
    `Cannot listen on 127.0.0.1:${server.port}: Address already`,
  );
});

Deno.test("An option that a network would ignore is refused before anything is opened", async () => {
  await assertRejects(
    () => openConnection({ port: 1, localAddress: "127.0.0.1" }),
    TypeError,
    "Cannot connect: denoNetwork does not honour localAddress; give network: nodeNetwork",
  );
  await assertRejects(
    () => startServer(() => {}, { fd: 3 }),
    TypeError,
    "Cannot listen: denoNetwork does not honour fd; give network: nodeNetwork",
  );
});

Deno.test("A descriptor that is not a listening socket is refused and named", async () => {
  await assertRejects(
    () => whereFrom({ fd: 0 }),
    TypeError,
    "Cannot listen: fd 0 is not a listening socket",
  );
  await assertRejects(
    () => whereFrom({ fd: 3, port: 80 }),
    TypeError,
    "Cannot listen: fd 3 given together with port 80",
  );
  await assertRejects(
    () => whereFrom({ fd: "systemd" }),
    TypeError,
    `systemd passed no socket to process ${Deno.pid}: LISTEN_PID is not set`,
  );
});

Deno.test("Servers of two processes share a port on nodeNetwork without a flag", async () => {
  await using one = await whereFrom({ reusePort: true });
  await using two = await whereFrom({ reusePort: true, port: one.port });
  assertEquals(two.port, one.port);
});

Deno.test("nodeNetwork goes on to the next address, and keeps trying one that is slow", async () => {
  // Its backlog is full, so that a further client waits for a second try of its system.
  using full = Deno.listen({ hostname: "127.0.0.5", port: 0, tcpBacklog: 1 });
  const { port } = full.addr;
  const waiting = Array.from({ length: 4 }, () => {
    const giveUp = new AbortController();
    const { signal } = giveUp;
    Deno.connect({ hostname: "127.0.0.5", port, signal }).then((conn) => conn.close(), () => {});
    return giveUp;
  });
  await using server = await whereFrom({ hostname: "127.0.0.6", port });
  const lookup = () => ["127.0.0.5", "127.0.0.7", "127.0.0.6"];
  const options = { hostname: "many.test", port, lookup, happyEyeballsDelay: 5 };
  assert((await ask(options)).startsWith("127.0.0."));
  assertEquals(server.port, port);
  // Where only the slow one is left it is waited for, though the others have failed.
  const slow = openConnection({ ...options, lookup: () => ["127.0.0.5", "127.0.0.7"], network });
  for (const one of waiting) one.abort();
  for (let i = 0; i < 2; i++) (await full.accept()).close();
  const opened = await slow;
  opened.transport.abort();
});

Deno.test("A delay between addresses may be any time above 0 ms", async () => {
  await using server = await whereFrom({ hostname: "127.0.0.1", port: 0 });
  const lookup = () => ["127.0.0.1", "127.0.0.2"];
  for (const happyEyeballsDelay of [0.01, 250.5, 1e12, Infinity]) {
    const options = { hostname: "many.test", port: server.port, lookup, happyEyeballsDelay };
    assert((await ask(options)).startsWith("127.0.0.1"));
  }
});

Deno.test("nodeNetwork connects by a name with the permission for that name alone", async () => {
  await using server = await startServer(({ writer }) => void writer.write("hello"), { port: 0 });
  const program = decodeURIComponent(new URL("dial_program.ts", import.meta.url).pathname);
  const dial = (permission: string, ...args: string[]) =>
    outputOf(Deno.execPath(), [
      ...["run", "--no-check", "--no-prompt", permission, program],
      ...[`${server.port}`, ...args],
    ]);
  for (const permission of ["--allow-net=localhost", `--allow-net=localhost:${server.port}`]) {
    for (const args of [[], ["all"]]) assertEquals(await dial(permission, ...args), "hello\n");
  }
  assertStringIncludes(
    await dial("--allow-net=example.com"),
    `NotCapable: Cannot connect to localhost:${server.port}: Requires net access to "localhost`,
  );
});
