import { assertEquals } from "@std/assert";
import { hexDump } from "../../../transports/layers/logging.ts";

Deno.test("hexDump() shows offset, bytes and text as hexdump -C does", () => {
  const bytes = new TextEncoder().encode("Hello, World!\r\n\x00\x7f~ and more");
  assertEquals([...hexDump(bytes)], [
    "00000000  48 65 6c 6c 6f 2c 20 57  6f 72 6c 64 21 0d 0a 00  |Hello, World!...|",
    "00000010  7f 7e 20 61 6e 64 20 6d  6f 72 65                 |.~ and more|",
  ]);
});

Deno.test("hexDump() counts from the offset, and shows nothing of no bytes", () => {
  assertEquals([...hexDump(new Uint8Array([255]), 0x1_0010)], [
    "00010010  ff                                                |.|",
  ]);
  assertEquals([...hexDump(new Uint8Array(0))], []);
});
