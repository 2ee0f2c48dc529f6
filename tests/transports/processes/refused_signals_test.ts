import { assertEquals } from "@std/assert";
import { testWith } from "../../support/peers/outside_peer.ts";

const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;

if (!isRoot) console.log("Skipped, for only root can start processes of other users");
else {
  testWith(
    "setpriv",
    "A process that may not be signalled: each method that ends it reports that, none throws without a caller",
    async () => {
      const program = new URL("refused_program.ts", import.meta.url).href;
      const { stdout, success } = await new Deno.Command("setpriv", {
        args: [
          ...["--bounding-set", "-kill", "--inh-caps", "-kill"],
          ...[Deno.execPath(), "run", "-A", "--no-check", program],
        ],
        stdin: "null",
        stderr: "null",
      }).output();
      const refused = "Cannot send SIGTERM to process PID: EPERM: Operation not permitted";
      const started = [
        "PermissionDenied Cannot send SIGKILL to process PID: EPERM: Operation not permitted",
        `signal ${refused}`,
        `PermissionDenied ${refused}`,
        "0",
      ];
      const printed = new TextDecoder().decode(stdout).trimEnd().split("\n");
      const connected = ["close PermissionDenied", "0"];
      assertEquals([printed, success], [[...started, ...started, ...connected], true]);
    },
  );
}
