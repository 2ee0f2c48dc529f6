/**
 * Starts a process of another user, which this one may not signal, and prints what came of each way
 * to end it.
 */
import { connectProcess, subprocessExec } from "@sluice/net/transports";

const tell = (error: Error): void => console.log(error.name, error.message.replace(/\d+/, "PID"));

for (const extraStdio of [[], ["piped"]] as const) {
  const stopped = new AbortController();
  const { transport } = await subprocessExec(() => ({}), "cat", {
    uid: 65_534,
    extraStdio,
    signal: stopped.signal,
    onError: (error, { callback }) => console.log(callback, error.message.replace(/\d+/, "PID")),
  });
  try {
    transport.kill();
  } catch (error) {
    tell(error as Error);
  }
  stopped.abort();
  await transport.shutdown().catch(tell);
  // Its stdin was closed, so it has ended.
  console.log((await transport.closed).code);
}

const { transport: connection, exited } = await connectProcess(() => ({}), "cat", {
  uid: 65_534,
  onError: (error, { callback }) => console.log(callback, error.name),
});
connection.abort();
console.log((await exited).code);
