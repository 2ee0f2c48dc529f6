import { assertEquals } from "@std/assert";
import { toNodeStream } from "../../node/mod.ts";
import { ecosystemTest } from "./ecosystem_test_case.ts";
import { load } from "./packages.ts";
import { onAllRoads } from "./roads.ts";
import { startMosquitto } from "./servers.ts";

/** The parts of mqtt that are used here. */
interface Client {
  once(event: string, listener: (...args: unknown[]) => void): void;
  subscribeAsync(topic: string, options: object): Promise<unknown>;
  publishAsync(topic: string, message: string, options: object): Promise<unknown>;
  endAsync(force?: boolean): Promise<void>;
  stream: { destroy(): void };
}
interface Mqtt {
  readonly default: { readonly MqttClient: new (stream: () => object, options: object) => Client };
}

function told(client: Client, event: string): Promise<unknown[]> {
  return new Promise((resolve) => client.once(event, (...args) => resolve(args)));
}

ecosystemTest({
  name: "mqtt runs over a connection, and connects again over a new one",
  program: "mosquitto",
  async run(t): Promise<void> {
    const { default: mqtt } = await load<Mqtt>("mqtt");
    await using server = await startMosquitto();
    await onAllRoads(t, server.port, async (connect) => {
      const client = new mqtt.MqttClient(() => toNodeStream(connect()), { reconnectPeriod: 1 });
      await told(client, "connect");
      await client.subscribeAsync("news", { qos: 1 });
      const message = told(client, "message");
      await client.publishAsync("news", "x".repeat(200_000), { qos: 1 });
      assertEquals(String((await message)[1]).length, 200_000);
      const again = told(client, "connect");
      client.stream.destroy();
      await again;
      await client.endAsync();
    });
  },
});
