import { assert, assertEquals } from "@std/assert";
import { answerQuery, type DnsZone } from "../../examples/_dns_answer.ts";
import { isLongRun } from "../support/runs/long_run.ts";
import { Random } from "../../testing/conformance/random.ts";

const ZONE: DnsZone = {
  name: "example.test",
  records: {
    "example.test": { A: ["192.0.2.1"], AAAA: ["2001:db8::1"], TXT: ["text"] },
    "many.example.test": { A: Array.from({ length: 100 }, (_one, index) => `192.0.2.${index}`) },
    "deep.down.example.test": { A: ["192.0.2.9"] },
  },
};

/** How many inputs; more with `CODEC_FUZZ_INPUTS`, others with `CODEC_FUZZ_SEED=random`. */
const INPUTS = Number(Deno.env.get("CODEC_FUZZ_INPUTS") ?? (isLongRun ? 100_000 : 20_000));
const SEED = Deno.env.get("CODEC_FUZZ_SEED") === "random" ? Date.now() : 1;

const EDNS = [0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0];

/** A query: header, question, and what follows. */
function query(
  question: readonly number[],
  { flags = 0x0100, counts = [1, 0, 0, 0], rest = [] as readonly number[] } = {},
): Uint8Array<ArrayBuffer> {
  const header = [0x12, 0x34, flags >> 8, flags & 255, ...counts.flatMap((count) => [0, count])];
  return new Uint8Array([...header, ...question, ...rest]);
}

function name(text: string): number[] {
  return [
    ...text.split(".").flatMap((label) => [label.length, ...new TextEncoder().encode(label)]),
    0,
  ];
}

function question(text: string, type = 1, dnsClass = 1): number[] {
  return [...name(text), 0, type, 0, dnsClass];
}

/** The code and the counts of an answer; `null` for none. */
function outcome(message: Uint8Array, transport: "udp" | "tcp" = "udp"): readonly number[] | null {
  const answer = answerQuery(ZONE, message, transport);
  if (answer === null) return null;
  assertEquals([answer[0], answer[1]], [message[0], message[1]], "the id");
  assert(((answer[2] ?? 0) & 0x80) !== 0, "it is an answer");
  const [code = 0, answers = 0] = [
    (answer[3] ?? 0) & 15,
    (answer[6] ?? 0) * 256 + (answer[7] ?? 0),
  ];
  return [code, answers];
}

Deno.test("answerQuery() answers by name and type, in upper and lower case", () => {
  assertEquals(outcome(query(question("example.test"))), [0, 1]);
  assertEquals(outcome(query(question("EXAMPLE.Test", 28))), [0, 1]);
  assertEquals(outcome(query(question("example.test", 16))), [0, 1]);
  assertEquals(outcome(query(question("example.test", 255))), [0, 3]);
  assertEquals(outcome(query(question("example.test", 15))), [0, 0]);
  assertEquals(outcome(query(question("nope.example.test"))), [3, 0]);
  assertEquals(outcome(query(question("down.example.test"))), [0, 0], "it has a name below it");
  assertEquals(outcome(query(question("example.org"))), [5, 0]);
  assertEquals(outcome(query(question("notexample.test"))), [5, 0]);
  assertEquals(outcome(query(question("constructor.example.test"))), [3, 0]);
  assertEquals(outcome(query(question("example.test", 1, 3))), [5, 0]);
  assertEquals(outcome(query(question("example.test"), { flags: 0x2800 })), [4, 0]);
});

Deno.test("answerQuery() cuts short what is too long for UDP, and takes the size of EDNS", () => {
  const many = question("many.example.test");
  const plain = answerQuery(ZONE, query(many), "udp");
  assertEquals([(plain?.[2] ?? 0) & 2, plain?.[7], (plain?.length ?? 0) <= 512], [2, 0, true]);
  assertEquals(outcome(query(many), "tcp"), [0, 100]);
  const edns = { counts: [1, 0, 0, 1], rest: EDNS };
  const whole = answerQuery(ZONE, query(question("example.test"), edns), "udp");
  assertEquals(whole?.slice(-11), new Uint8Array([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]));
  const version1 = { counts: [1, 0, 0, 1], rest: EDNS.with(6, 1) };
  const bad = answerQuery(ZONE, query(question("example.test"), version1), "udp");
  assertEquals(bad?.slice(-11), new Uint8Array([0, 0, 41, 4, 208, 1, 0, 0, 0, 0, 0]));
});

Deno.test("answerQuery() does not answer an answer, or a message without a header", () => {
  assertEquals(outcome(query(question("example.test"), { flags: 0x8100 })), null);
  for (let length = 0; length < 12; length++) {
    assertEquals(outcome(query(question("example.test")).subarray(0, length)), null);
  }
});

const MALFORMED: Readonly<Record<string, Uint8Array>> = {
  "no question": query([], { counts: [0, 0, 0, 0] }),
  "two questions": query([...question("a"), ...question("b")], { counts: [2, 0, 0, 0] }),
  "an answer in it": query(question("a"), { counts: [1, 1, 0, 0] }),
  "a question that is cut off": query(name("example.test")),
  "bytes behind it": query([...question("a"), 0]),
  "a pointer to itself": query([0xc0, 12, 0, 1, 0, 1]),
  "two pointers to each other": query([0xc0, 14, 0xc0, 12, 0, 1, 0, 1]),
  "a label and a pointer back to it": query([1, 97, 0xc0, 12, 0, 1, 0, 1]),
  "a pointer ahead": query([0xc0, 30, 0, 1, 0, 1, ...name("example.test")]),
  "a pointer behind the end": query([0xff, 0xff, 0, 1, 0, 1]),
  "a pointer into the header": query([0xc0, 0, 0, 1, 0, 1]),
  "half a pointer": query([0xc0]),
  "a label of 64 bytes": query([64, ...Array(64).fill(97), 0, 0, 1, 0, 1]),
  "a label of a reserved kind": query([0x80, 0, 0, 1, 0, 1]),
  "a name of 256 bytes": query(question(Array(4).fill("a".repeat(63)).join("."))),
  "two records of EDNS": query(question("a"), { counts: [1, 0, 0, 2], rest: [...EDNS, ...EDNS] }),
  "a record of EDNS with a name": query(question("a"), {
    counts: [1, 0, 0, 1],
    rest: [1, 97, ...EDNS],
  }),
  "a record that is longer than the rest": query(question("a"), {
    counts: [1, 0, 0, 1],
    rest: EDNS.with(10, 9),
  }),
  "65,535 records": query(question("a"), { counts: [1, 0, 0, 255] }),
};

for (const [what, message] of Object.entries(MALFORMED)) {
  Deno.test(`answerQuery() answers FORMERR to a query with ${what}`, () => {
    assertEquals(outcome(message), [1, 0]);
    assertEquals(outcome(message, "tcp"), [1, 0]);
  });
}

Deno.test("answerQuery() never throws or exceeds the size limit, for random queries", () => {
  const random = new Random(SEED);
  const seeds = [
    query(question("example.test")),
    query(question("many.example.test", 255), { counts: [1, 0, 0, 1], rest: EDNS }),
    ...Object.values(MALFORMED),
  ];
  const [first = query([]), ...others] = seeds;
  for (let i = 0; i < INPUTS; i++) {
    const message = mutate(random, random.pick(first, ...others));
    const transport = random.pick("udp" as const, "tcp" as const);
    const answer = answerQuery(ZONE, message, transport);
    if (answer === null) continue;
    const isRight = answer.length >= 12 && answer[0] === message[0] && answer[1] === message[1] &&
      (transport === "tcp" || answer.length <= 1232);
    assert(isRight, `seed ${SEED}, ${message.toHex()}`);
  }
});

/** Changes some bytes, cuts, doubles, or begins anew. */
function mutate(random: Random, message: Uint8Array): Uint8Array {
  if (random.below(20) === 0) return random.bytes(random.below(600));
  const changed = new Uint8Array(message);
  for (let times = random.below(6); times > 0; times--) {
    const value = random.pick(0, 1, 12, 0x3f, 0x40, 0xc0, 0xff, random.below(256));
    changed[random.below(changed.length)] = value;
  }
  const cut = random.below(4) === 0 ? random.below(changed.length + 1) : changed.length;
  return changed.subarray(0, cut);
}
