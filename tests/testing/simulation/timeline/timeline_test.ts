import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { openConnection, openDatagrams, startServer } from "@sluice/net";
import { simulate, type SimulationOptions, type World } from "@sluice/net/testing";
import { EndsOfList } from "../../../../testing/simulation/timeline/ends_of_list.ts";
import { cutText, escapeText } from "../../../../testing/simulation/timeline/svg_text.ts";
import { placeRows } from "../../../../testing/simulation/timeline/timeline_rows.ts";
import { outputOf, testWith } from "../../../support/peers/outside_peer.ts";

/** A name that would be markup, and a character that XML does not have. */
const STRANGE = '<b> & "c\u0001"';

async function draw(
  main: (world: World) => unknown,
  options: SimulationOptions = {},
): Promise<string> {
  let picture = "";
  await simulate(main, { ...options, timeline: (svg) => picture = svg }).catch(() => {});
  assert(picture !== "");
  return picture;
}

/** The words of a picture, from the top. */
function wordsOf(svg: string): string[] {
  return [...svg.matchAll(/<text [^>]*class="(?:word|quiet)[^>]*>([^<]*)<\/text>/g)]
    .map(([, text = ""]) => text);
}

async function trouble(world: World): Promise<void> {
  world.host("server", async () => {
    await using server = await startServer(async ({ reader, writer }) => {
      for await (const line of reader.lines()) writer.write(`${line.toUpperCase()}\n`);
    }, { hostname: "0.0.0.0", port: 7 });
    await server.serveForever();
  }, { restart: 3000 });
  await world.client(STRANGE, async () => {
    await using client = await openConnection({ hostname: "server", port: 7 });
    client.writer.write("<a>\n");
    await client.reader.readline();
    await using socket = await openDatagrams({ remoteAddr: { hostname: "server", port: 9 } });
    await socket.send(Uint8Array.of(0, 1, 2));
    world.partition(STRANGE, "server");
    client.writer.write("b".repeat(4000) + "\n");
    setTimeout(() => world.heal(), 5000);
    await client.reader.readline();
    world.crash("server");
    client.writer.write("c\n");
    await client.reader.readline();
  });
}

testWith(
  "python3",
  "The timeline of a run is well-formed XML, for any names and bytes",
  async () => {
    const path = await Deno.makeTempFile({ suffix: ".svg" });
    try {
      for (const main of [trouble, () => {}, () => Promise.reject(new Error(STRANGE))]) {
        await simulate(main, { timeline: path }).catch(() => {});
        const script =
          "import sys, xml.dom.minidom as m; d = m.parse(sys.argv[1]).documentElement; " +
          "print(d.tagName, d.getAttribute('xmlns'))";
        assertEquals(
          await outputOf("python3", ["-c", script, path]),
          "svg http://www.w3.org/2000/svg\n",
        );
      }
    } finally {
      await Deno.remove(path);
    }
  },
);

Deno.test("The timeline shows segments, losses, faults and the lives of hosts in their order", async () => {
  const svg = await draw(trouble, { latency: 1, segmentSize: 1460 });
  const words = wordsOf(svg).filter((word) => !/^[\d.:]+( s)?$/.test(word));
  const expected = [
    "started",
    "SYN",
    "SYN-ACK",
    "DATA 4 B &lt;a&gt;",
    "DATA 4 B &lt;A&gt;",
    "UDP 3 B lost",
    "partition &lt;b&gt; &amp; &quot;c\ufffd&quot; server",
    "DATA 4001 B in 3 lost…",
    "heal",
    "DATA 1460 B bbbbbbbbb…",
    "crash server",
    "crashed",
    "DATA 2 B lost c",
    "started",
    "RST",
    "failed",
  ];
  let position = -1;
  for (const one of expected) {
    position = words.findIndex((word, index) => index > position && word === one);
    assert(position !== -1, `${one} in ${words.join(" | ")}`);
  }
  assertMatch(svg, /<title id="title">Seed 1, [\d.]+ ms: host &quot;&lt;b&gt;/);
  // Both faults last for a while.
  assertEquals([...svg.matchAll(/class="bar"/g)].length, 2);
});

Deno.test("The timeline is of the same size for a long run as for a short one", async () => {
  const talk = (minutes: number) => async (world: World): Promise<void> => {
    world.host("server", async () => {
      await using socket = await openDatagrams({ localAddr: { hostname: "0.0.0.0", port: 7 } });
      for await (const { data, address } of socket) await socket.send(data, address);
    });
    await using socket = await openDatagrams({ remoteAddr: { hostname: "server", port: 7 } });
    for (let i = 0; i < 60 * minutes; i++) {
      await socket.send(`${i}`);
      await socket.receive();
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  };
  const [short, long] = [await draw(talk(10)), await draw(talk(300))];
  assert(long.length < 1.1 * short.length, `${short.length} and ${long.length}`);
  assert(long.length < 60_000, `${long.length}`);
  assertMatch(long, /… \d{5} rows are left out …/);
  // The beginning and the end are there.
  assertStringIncludes(long, "UDP 1 B 0<");
  assertStringIncludes(long, "UDP 5 B 17999<");
});

Deno.test("The timeline has a limit for hosts, and says how many are missing", async () => {
  const svg = await draw(async (world) => {
    const names = Array.from({ length: 300 }, (_, i) => `client ${i}`);
    await Promise.all(names.map((name) => world.client(name, () => {})));
  });
  assertStringIncludes(svg, "281 more hosts are not shown");
  assert(Number(/width="(\d+)"/.exec(svg)?.[1]) < 5000);
});

Deno.test("The timeline is the same for the same seed", async () => {
  assertEquals(await draw(trouble, { seed: 8 }), await draw(trouble, { seed: 8 }));
});

Deno.test("The timeline has colours for light and dark pages, and a page of its own", async () => {
  const svg = await draw(() => {});
  assertStringIncludes(svg, '<rect class="page"');
  const [light = "", dark = ""] = svg.split("@media (prefers-color-scheme: dark)");
  // The rims of words come after the colours of lines, which would cover the words.
  for (const part of [light, dark]) {
    assert(part.lastIndexOf(".word { stroke:") > part.lastIndexOf(".bad { stroke:"));
  }
  // A class with a colour in one has one in the other.
  for (const name of ["page", "quiet", "head", "data.word", "udp.word", "bad.word", "good.word"]) {
    assertStringIncludes(light, `.${name} {`);
    assertStringIncludes(dark, `.${name} {`);
  }
});

Deno.test("simulate() refuses a timeline that is neither a path nor a function", async () => {
  await assertRejects(() => simulate(() => {}, { timeline: 5 as never }), TypeError, "timeline 5");
});

Deno.test("EndsOfList keeps both ends of a list, and counts the rest", () => {
  for (const length of [0, 1, 3, 4, 8, 9, 1000]) {
    const list = new EndsOfList<number>(3, 5);
    for (let i = 0; i < length; i++) list.push(i);
    const { first, last, gap } = list.ends();
    const all = Array.from({ length }, (_, i) => i);
    assertEquals(first, all.filter((i) => i < 3));
    assertEquals(last, all.filter((i) => i >= 3 && i >= length - 5));
    assertEquals(gap, length <= 8 ? null : { first: 3, count: length - 8 });
  }
});

Deno.test("escapeText() and cutText() keep characters whole", () => {
  assertEquals(escapeText("\ud800a\u0000<"), "\ufffda\ufffd&lt;");
  assertEquals(cutText("😀😀😀", 2), "😀…");
  assertEquals(cutText("abc", 3), "abc");
});

Deno.test("placeRows() leaves room for each row, and more for longer pauses, but not without end", () => {
  const at = [0, 0, 1, 100, 100_000, 100_000_000];
  const items = at.map((time) =>
    ({ kind: "host", at: time, host: "x", state: "started" }) as const
  );
  const { rows } = placeRows(items, 50, 100_000_000);
  const steps = rows.map(({ top }, i) => top - (rows[i - 1]?.top ?? 50));
  assert(steps.every((step) => step >= 17 && step < 34.1), steps.join());
  assert((steps[3] ?? 0) > (steps[1] ?? 0));
});
