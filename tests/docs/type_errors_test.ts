/**
 * The mistakes that users make first, and what the compiler says: at most two lines each.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const HEAD = `
import {
  createServer, idleTimeout, Protocol, startServer, type StreamReader, type Transport,
} from "@sluice/net";
import { transformLayer } from "@sluice/net/layers";
declare const transport: Transport;
declare const reader: StreamReader;
class Echo extends Protocol {}
`;

/** A line of a user, and a part of the error; `null` if it is right. */
const LINES: readonly (readonly [string, string | null])[] = [
  ['startServer(() => {}, { host: "0.0.0.0", port: 0 });', "'host' does not exist in type"],
  ['startServer(() => {}, { port: "8888" });', "'string' is not assignable to type 'number'"],
  ["createServer(Echo, { port: 0 });", "provides no match for the signature '(): AnyProtocol'"],
  [
    "createServer(() => ({ datareceived: (chunk: Uint8Array) => chunk }), { port: 0 });",
    "is not assignable to type 'AnyProtocol'",
  ],
  ["createServer(() => ({ dataReceived: (chunk) => transport.write(chunk) }), { port: 0 });", null],
  [
    "startServer((reader: unknown, writer: unknown) => {}, { port: 0 });",
    "provides too few arguments",
  ],
  ['startServer(() => {}, { port: 0, tls: { certFile: "x" } });', "'certFile' does not exist in"],
  ['reader.readline({ timeout: "5" });', "'string' is not assignable to type 'number'"],
  ['reader.readline({ encoding: "utf8" });', "'encoding' does not exist in type"],
  ['reader.readline({ as: "utf8" });', `is not assignable to type '"bytes" | "text"`],
  ["const text: string = await reader.readline();", "'Bytes' is not assignable to type 'string'"],
  ['const text: string = await reader.readline({ as: "text" });', null],
  ["reader.readLine();", "Did you mean 'readline'?"],
  ['transport.getExtraInfo("peername").port;', "possibly 'null'"],
  ['transport.getExtraInfo("peer");', "not assignable to parameter of type 'keyof ExtraInfo'"],
  [
    "transformLayer(() => ({ encode: (chunk: Uint8Array) => chunk, decode: (chunk) => chunk }));",
    null,
  ],
  ["reader.feedData(new Uint8Array(3) as Uint8Array);", null],
  ["class Typo extends Protocol { override dataRecieved() {} }", "Did you mean 'dataReceived'?"],
];

/** The lines of each error of a file that begins in the line of the file with this number. */
async function errorsOf(source: string): Promise<Map<number, string[]>> {
  const folder = await Deno.makeTempDir({ dir: ROOT, prefix: ".type-errors-" });
  try {
    await Deno.writeTextFile(`${folder}/mistakes.ts`, source);
    const { stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", `${folder}/mistakes.ts`],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output();
    const errors = new Map<number, string[]>();
    for (const block of new TextDecoder().decode(stderr).split(/^(?=TS\d+ \[ERROR\])/m).slice(1)) {
      const place = block.match(/mistakes\.ts:(\d+):\d+/);
      const lines = block.split("\n");
      // The line of the source is the one above the mark.
      const message = lines.slice(0, lines.findIndex((line) => /^\s*~+$/.test(line)) - 1);
      const number = Number(place?.[1]);
      if (!errors.has(number)) errors.set(number, message);
    }
    return errors;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("The compiler says in at most two lines what is wrong with the mistakes made first", async () => {
  const source = HEAD + LINES.map(([line]) => `{ ${line} }`).join("\n");
  const errors = await errorsOf(source);
  const before = HEAD.split("\n").length;
  for (const [index, [line, expected]] of LINES.entries()) {
    const message = errors.get(before + index);
    if (expected === null) {
      assertEquals(message, undefined, line);
      continue;
    }
    assert(message !== undefined, `no error: ${line}`);
    assert(message.join("\n").includes(expected), `${line}\n${message.join("\n")}`);
    assert(message.length <= 2, `${line}\n${message.join("\n")}`);
  }
});
