import { testTransport } from "../../../testing/test_transport.ts";
import { PipeCarrier } from "../../../transports/carriers/pipes/pipe_carrier.ts";
import { ProcessCarrier } from "../../../transports/processes/child/process_carrier.ts";
import { startChild } from "../../../transports/processes/child/start_child.ts";
import { relayedPair } from "../../support/pairs/relayed_pair.ts";
import { hasProgram } from "../../support/peers/outside_peer.ts";
import { sampled } from "../../support/runs/sampled.ts";

const RELAY = new URL("../../transports/carriers/stdio_relay.pl", import.meta.url).pathname;

const stdioPair = relayedPair(async (port) => {
  const args = [RELAY, String(port)];
  const child = await startChild("perl", ["piped", "piped", "inherit"], { args });
  const carrier = new ProcessCarrier(child, 5000);
  return { carrier, end: () => carrier.exited };
});

const fourthPair = relayedPair(async (port) => {
  const args = [RELAY, String(port), "3"];
  const child = await startChild("perl", ["null", "null", "inherit", "piped"], { args });
  const end = (): Promise<unknown> => {
    child.kill("SIGKILL");
    return child.exited;
  };
  return { carrier: new PipeCarrier(child.pipes.get(3) ?? {}), end };
});

// On Windows Perl cannot wait for pipes; stdio_test.ts has a process there as well.
if (Deno.build.os !== "windows" && hasProgram("perl", ["--version"])) {
  testTransport(stdioPair, { name: "process" });
  testTransport(fourthPair, sampled("descriptor 3"));
}
