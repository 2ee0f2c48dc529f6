/**
 * A sink for StatsD metrics over UDP: adds up counters, gauges and timers, and prints them.
 *
 * A datagram holds one metric in each line, such as `requests:1|c`, `queue:17|g` or `query:3.5|ms`;
 * a counter may be sampled, as in `requests:1|c|@0.1`. It prints the sums at each interval and at
 * the end, with the number of dropped datagrams. Try it:
 *
 *     printf 'requests:1|c\nqueue:17|g' | socat - UDP:127.0.0.1:8125
 *
 *     deno run --allow-net examples/statsd_sink.ts --port 8125
 *     deno task example statsd_sink --port 8125
 *
 * It needs `--allow-net`.
 *
 * @module
 */
import { lineCodec, openDatagrams } from "@sluice/net";
import { framedDatagrams } from "@sluice/net/streams";
import { printable, serveDatagrams } from "./_datagrams.ts";
import { listenFlags, readFlags, toCount } from "./_flags.ts";
import { runProgram } from "./_program.ts";

/** The most names; further ones are refused, because any host can send some. */
const MAX_NAMES = 10_000;

const METRIC = /^([^:|@\s]{1,200}):([+-]?\d{1,15}(?:\.\d{1,15})?)\|(c|g|ms)(?:\|@(0\.\d{1,9}|1))?$/;

/** The metrics since the last print. */
class Metrics {
  readonly #counters = new Map<string, number>();
  readonly #gauges = new Map<string, number>();
  readonly #timers = new Map<string, { count: number; sum: number; max: number }>();
  #refused = 0;

  /** Adds one line. */
  add(line: string): void {
    const [, name = "", text = "", kind, rate = "1"] = METRIC.exec(line) ?? [];
    const known = this.#counters.size + this.#gauges.size + this.#timers.size;
    if (kind === undefined || known >= MAX_NAMES) this.#refused++;
    else if (kind === "c") this.#count(name, Number(text) / Number(rate));
    else if (kind === "ms") this.#time(name, Number(text));
    // With a sign a gauge is changed, without one it is set.
    else if (/^[+-]/.test(text)) {
      this.#gauges.set(name, (this.#gauges.get(name) ?? 0) + Number(text));
    } else this.#gauges.set(name, Number(text));
  }

  /** Prints what there is, and begins anew; gauges keep their value. */
  print(dropped: number): void {
    for (const [name, sum] of this.#counters) console.log(`${printable(name)} ${sum}`);
    for (const [name, value] of this.#gauges) console.log(`${printable(name)} = ${value}`);
    for (const [name, { count, sum, max }] of this.#timers) {
      console.log(`${printable(name)} ${count} times, mean ${sum / count} ms, longest ${max} ms`);
    }
    console.log(`${this.#refused} lines refused, ${dropped} datagrams dropped`);
    this.#counters.clear();
    this.#timers.clear();
  }

  #count(name: string, value: number): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + value);
  }

  #time(name: string, value: number): void {
    const { count, sum, max } = this.#timers.get(name) ?? { count: 0, sum: 0, max: 0 };
    this.#timers.set(name, { count: count + 1, sum: sum + value, max: Math.max(max, value) });
  }
}

await runProgram(async () => {
  const { hostname, port } = listenFlags(8125);
  const { interval, ...localAddr } = readFlags({
    hostname,
    port,
    interval: ["10", "how often to print, in seconds", toCount],
  });
  const socket = await openDatagrams({
    localAddr,
    // Old metrics are worth less than new ones.
    receivePolicy: "drop-oldest",
    maxDatagramSize: 8192,
  });
  const metrics = new Metrics();
  const print = (): void => {
    const { received, truncated } = socket.transport.dropped;
    metrics.print(received + truncated);
  };
  const timer = setInterval(print, interval * 1000);
  const collecting = collect();
  await serveDatagrams(socket.transport);
  clearInterval(timer);
  await collecting;
  print();

  async function collect(): Promise<void> {
    for await (const { message } of framedDatagrams(socket, () => lineCodec())) {
      metrics.add(message);
    }
  }
});
