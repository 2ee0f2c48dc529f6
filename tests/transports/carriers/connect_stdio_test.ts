import { assert, assertEquals, assertRejects } from "@std/assert";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import { connectProcess } from "../../../transports/processes/connect_process.ts";

const SHOUT = new URL("./stdio_shout.ts", import.meta.url);
const ARGS = ["run", "--no-check", SHOUT.href];
const GREETING = "can end one direction: false\n";

Deno.test("connectStdio() exchanges 1 MiB with the parent process, and ends with its input", async () => {
  const protocol = new RecordingProtocol({ eofReceived: () => true });
  const { transport, exited } = await connectProcess(() => protocol, Deno.execPath(), {
    args: ARGS,
  });
  transport.write("x".repeat(1_048_576));
  transport.writeEof();
  await protocol.until("eofReceived");
  assertEquals(await exited, { success: true, code: 0, signal: null });
  const expected = `${GREETING}${"X".repeat(1_048_576)}(end)\npeer, 1048576 bytes\n`;
  assert(protocol.receivedText === expected, protocol.receivedText.slice(-100));
  transport.close();
  await transport.closed;
});

Deno.test("connectStdio() lets the program exit after close() although its input is open", async () => {
  const protocol = new RecordingProtocol({ eofReceived: () => true });
  const { transport, exited } = await connectProcess(() => protocol, Deno.execPath(), {
    args: ARGS,
  });
  transport.write("that is enough");
  assertEquals((await exited).code, 0);
  await protocol.until("eofReceived");
  assertEquals(protocol.receivedText, `${GREETING}THAT IS ENOUGH\nlocal, 14 bytes\n`);
  assertEquals(transport.getExtraInfo("exitStatus"), { success: true, code: 0, signal: null });
  transport.close();
  await transport.closed;
});

Deno.test("connectProcess() rejects with NotFound and the name for a program that is missing", async () => {
  await assertRejects(
    () => connectProcess(() => ({}), "no-such-program-anywhere"),
    Deno.errors.NotFound,
    "Cannot run no-such-program-anywhere: ",
  );
});

Deno.test("connectProcess() sends SIGTERM to a process that does not end by itself", async () => {
  const told = Promise.withResolvers<unknown>();
  const { transport, exited } = await connectProcess(
    () => ({ connectionLost: () => told.resolve(transport.getExtraInfo("exitStatus")) }),
    Deno.execPath(),
    { args: ["eval", "setInterval(() => {}, 1000)"], exitTimeout: 1 },
  );
  assert(transport.getExtraInfo("pid") !== null);
  transport.close();
  assertEquals(await exited, { success: false, code: 143, signal: "SIGTERM" });
  // The extra info answers inside connectionLost already.
  assertEquals(await told.promise, { success: false, code: 143, signal: "SIGTERM" });
});
