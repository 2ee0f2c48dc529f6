import { assertEquals } from "@std/assert";
import { isLongRun } from "../../support/runs/long_run.ts";

/** What is tested once more, with another network in force. */
const SUITES = [
  "../layers/layers_test.ts",
  "tls_test.ts",
  "../../parity/parity_test.ts",
  "../../streams/relay/relay_test.ts",
  "../../transports/send_file_test.ts",
  ...isLongRun
    ? ["../layers/shipped_layers_test.ts", "../../transports/layers", "../../streams"]
    : [],
];

Deno.test({
  name: "scenarios of asyncio, layers and TLS as a layer do on epollNetwork what they do elsewhere",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const pathOf = (name: string) => new URL(name, import.meta.url).pathname;
    const preload = pathOf("../../support/runs/on_epoll.ts");
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", "--preload", preload, ...SUITES.map(pathOf)],
      env: { NO_COLOR: "1" },
    }).output();
    const decoder = new TextDecoder();
    const printed = decoder.decode(stdout) + decoder.decode(stderr);
    assertEquals([success, printed.match(/ \d+ failed/)?.[0]], [true, " 0 failed"], printed);
  },
});
