/**
 * Starts a child in the way of the first argument, prints the child's number when the child is
 * ready, and then does as the second argument
 * says.
 */
import { connectProcess } from "../../../transports/processes/connect_process.ts";
import { subprocessShell } from "../../../transports/processes/subprocess.ts";

const [way, end] = Deno.args;
const COMMANDS: Readonly<Record<string, string>> = {
  stubborn: "trap '' TERM; echo ready; while :; do sleep 1; done",
  polite: "trap 'exit 0' TERM; echo ready; while :; do sleep 0.1; done",
};
const command = COMMANDS[way ?? ""] ?? "echo ready; exec sleep 1000";
const ready = Promise.withResolvers<void>();
let pid = 0;
let exited: Promise<{ readonly signal: string | null }>;
if (way === "connected") {
  const { transport, exited: ended } = await connectProcess(
    () => ({ dataReceived: () => ready.resolve() }),
    "sh",
    {
      args: ["-c", command],
    },
  );
  pid = transport.getExtraInfo("pid") ?? 0;
  exited = ended;
} else {
  const { transport } = await subprocessShell(
    () => ({ pipeDataReceived: () => ready.resolve() }),
    command,
    {
      stdin: "null",
      startNewSession: way === "session",
      extraStdio: way === "four" ? ["piped"] : [],
      endWithParent: way !== "loose",
    },
  );
  pid = transport.pid;
  exited = transport.exited;
}
await ready.promise;
if (end === "handled") {
  // Or it would end with its child, before the second signal.
  setInterval(() => {}, 1000);
  let signals = 0;
  Deno.addSignalListener("SIGTERM", () => {
    console.log(`signal ${++signals}`);
    if (signals === 2) Deno.exit(9);
  });
}
console.log(pid);
switch (end) {
  case "exit":
    Deno.exit(7);
    break;
  case "throw":
    throw new Error("This is not caught");
  case "reject":
    void Promise.reject(new Error("Nor this"));
    break;
  case "caught":
    globalThis.addEventListener("error", (event) => event.preventDefault(), { once: true });
    reportError(new Error("This is caught"));
    Deno.kill(pid, "SIGTERM");
    console.log((await exited).signal);
    break;
  case "caught rejection":
    globalThis.addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      Deno.kill(pid, "SIGTERM");
    });
    void Promise.reject(new Error("This is caught"));
    console.log((await exited).signal);
    break;
}
