import { isLongRun } from "../../support/runs/long_run.ts";
import { assertTestsPass } from "../../support/runs/run_tests.ts";

/** The suites that are tested once more, with another network in force. */
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
  name:
    "epollNetwork passes the scenarios of asyncio and the batteries of layers and of TLS as a layer",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const pathOf = (name: string) => new URL(name, import.meta.url).pathname;
    const preload = pathOf("../../support/runs/on_epoll.ts");
    await assertTestsPass(["--preload", preload, ...SUITES.map(pathOf)]);
  },
});
