import { FrameDecodeError } from "@sluice/net";
import { FrameEncodeError, NEED_MORE, ReceiveBuffer } from "@sluice/net/protocols";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { CommandCodec } from "../../../examples/redis/command_codec.ts";
import { SimpleString } from "../../../examples/redis/resp.ts";
import type { Text } from "../../../examples/redis/store.ts";

/** The commands in bytes that come in pieces of a size. */
function decode(bytes: Uint8Array<ArrayBuffer>, size: number): (readonly Text[])[] {
  const codec = new CommandCodec();
  const buffer = new ReceiveBuffer();
  const commands: (readonly Text[])[] = [];
  for (let start = 0; start < bytes.length; start += size) {
    buffer.append(bytes.slice(start, start + size));
    for (let one = codec.decode(buffer); one !== NEED_MORE; one = codec.decode(buffer)) {
      commands.push(one);
    }
  }
  return commands;
}

Deno.test("CommandCodec reads commands however they are cut", () => {
  const text = "*2\r\n$3\r\nGET\r\n$2\r\nž\r\n*0\r\nPING\r\n\r\nSET a 'b c'\n*1\r\n$0\r\n\r\n";
  const bytes = new TextEncoder().encode(text);
  const commands = [["GET", "ž"], ["PING"], ["SET", "a", "b c"], [""]];
  for (const size of [1, 2, 3, 7, bytes.length]) assertEquals(decode(bytes, size), commands);
});

Deno.test("CommandCodec reads a word that is not UTF-8 as bytes of its own", () => {
  const bytes = new Uint8Array([...new TextEncoder().encode("*1\r\n$2\r\n"), 0xff, 0, 13, 10]);
  const [[word] = []] = decode(bytes, bytes.length);
  assert(word instanceof Uint8Array);
  assertEquals([word.buffer.byteLength, ...word], [2, 0xff, 0]);
});

Deno.test("CommandCodec refuses a command that is longer than 64 MiB in all", () => {
  const codec = new CommandCodec();
  const buffer = new ReceiveBuffer();
  buffer.append(new TextEncoder().encode("*2\r\n$40000000\r\n"));
  buffer.append(new Uint8Array(40_000_002));
  buffer.append(new TextEncoder().encode("$40000000\r\n"));
  assertThrows(() => codec.decode(buffer), FrameDecodeError, "invalid bulk length");
});

Deno.test("CommandCodec writes the version that it is set to", () => {
  const codec = new CommandCodec();
  assertEquals(codec.encode(null), "$-1\r\n");
  codec.version = 3;
  assertEquals(codec.encode(null), "_\r\n");
  assertThrows(() => codec.encode(new SimpleString("a\r\nb")), FrameEncodeError);
});
