/** Starts `sleep` in both ways, and prints what came of it. */
import { subprocessExec } from "../../../transports/processes/subprocess.ts";

for (const extraStdio of [[], ["piped"]] as const) {
  try {
    const { transport } = await subprocessExec(() => ({}), "sleep", {
      args: ["0"],
      extraStdio,
    });
    console.log((await transport.closed).code);
  } catch (error) {
    console.log(String(error));
  }
}
