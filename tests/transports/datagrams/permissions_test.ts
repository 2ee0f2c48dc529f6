import { assertEquals } from "@std/assert";

const PROGRAM = `
import { createDatagramEndpoint, openDatagrams } from "@sluice/net";
const tell = (error) => console.log(error.name + ": " + error.message);
await openDatagrams({ localAddr: { hostname: "127.0.0.3" } }).catch(tell);
const { transport } = await createDatagramEndpoint(() => ({ errorReceived: tell }), {
  localAddr: { hostname: "127.0.0.1" },
});
transport.sendto("x", { hostname: "127.0.0.2", port: 9 });
transport.sendto("x", { hostname: "127.0.0.1", port: 9 });
transport.close();
console.log("sent " + (await transport.closed).sent);
`;

for (const flags of [[], ["--unstable-net"]]) {
  Deno.test(`a permission that is missing is named, and ends nothing (${flags.join() || "no flag"})`, async () => {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", "--allow-net=127.0.0.1", ...flags, "-"],
      cwd: new URL("../../../", import.meta.url),
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await new Blob([PROGRAM]).stream().pipeTo(child.stdin);
    const { stdout, stderr } = await child.output();
    const [bound, refused, sent] = new TextDecoder().decode(stdout).split("\n");
    const hint = "run again with the --allow-net flag";
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(
      bound,
      `NotCapable: Cannot bind 127.0.0.3:0: Requires net access to "127.0.0.3:0", ${hint}`,
    );
    assertEquals(
      refused?.endsWith(`Requires net access to "127.0.0.2:9", ${hint}`),
      true,
      refused,
    );
    assertEquals(sent, "sent 1");
  });
}
