import { assert, assertEquals } from "@std/assert";
import { RecordingProtocol } from "../../../testing/recording/recording_protocol.ts";
import { connectProcess } from "../../../transports/processes/connect_process.ts";
import { isThere, posixTest as test } from "../../support/runs/posix_test.ts";

const MEBIBYTE = 1_048_576;

for (const keepsOpen of [true, false]) {
  test(`A process that closes its stdin early keeps its output and exit code (eofReceived: ${keepsOpen})`, async () => {
    const protocol = new RecordingProtocol({ eofReceived: () => keepsOpen });
    const { transport, exited } = await connectProcess(() => protocol, "sh", {
      args: ["-c", "head -c 5 >/dev/null; exec <&-; sleep 0.1; echo result; exit 3"],
    });
    transport.write(new Uint8Array(MEBIBYTE));
    assertEquals(await exited, { success: false, code: 3, signal: null });
    const { error } = await transport.closed;
    assertEquals(protocol.receivedText, "result\n");
    // It is told after the output.
    assert(error instanceof Deno.errors.BrokenPipe, String(error));
  });
}

test("A process that closes its stdin while we close is not killed", async () => {
  const { transport, exited } = await connectProcess(() => ({}), "sh", {
    args: ["-c", "read x; exec <&-; sleep 0.1; exit 4"],
  });
  transport.write(`go\n${"x".repeat(MEBIBYTE)}`);
  transport.close();
  assertEquals(await exited, { success: false, code: 4, signal: null });
  await transport.closed;
});

test("A process that needs no input at all keeps its output, as head in a pipeline does", async () => {
  const protocol = new RecordingProtocol();
  const { transport, exited } = await connectProcess(() => protocol, "head", { args: ["-c", "3"] });
  transport.write("abc".repeat(MEBIBYTE));
  assertEquals((await exited).code, 0);
  await transport.closed;
  assertEquals(protocol.receivedText, "abc");
});

test("abort() kills the process at once, with what it has not read", async () => {
  const { transport, exited } = await connectProcess(() => ({}), "sh", {
    args: ["-c", "trap '' TERM; exec sleep 1000"],
  });
  transport.write(new Uint8Array(MEBIBYTE));
  transport.abort();
  assertEquals((await exited).signal, "SIGKILL");
  const { bytesUnsent } = await transport.closed;
  assert(bytesUnsent > 0);
  assertEquals(isThere(transport.getExtraInfo("pid") ?? 0), false);
});

test("An exception in a callback kills the process", async () => {
  const errors: string[] = [];
  const { transport, exited } = await connectProcess(
    () => ({
      dataReceived(): void {
        throw new Error("mine");
      },
    }),
    "sh",
    { args: ["-c", "echo x; exec sleep 1000"], onError: (error) => errors.push(error.message) },
  );
  assertEquals((await exited).signal, "SIGKILL");
  await transport.closed;
  assertEquals(errors, ["mine"]);
});

test("The extra info of a connection over a process tells its number, its end, and the object of Deno", async () => {
  const { transport, exited } = await connectProcess(() => ({}), "cat", {
    env: { SLUICE: "x" },
    cwd: "/",
    startNewSession: true,
  });
  assert(transport.getExtraInfo("subprocess") instanceof Deno.ChildProcess);
  assert((transport.getExtraInfo("pid") ?? 0) > 0);
  assertEquals(transport.getExtraInfo("exitStatus"), null);
  transport.close();
  await transport.closed;
  assertEquals(transport.getExtraInfo("exitStatus"), await exited);
});
