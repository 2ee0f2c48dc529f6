import { utf8Length } from "@sluice/net/protocols";
import { decodeUtf8, isLongerInUtf8 } from "../../../protocols/framing/utf8.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { hex } from "../../support/hex.ts";

const TEXTS = [
  "",
  "plain",
  "ž",
  "水",
  "🌍",
  "a\ud800b",
  "\udc00",
  "\ud83c",
  "\ufeff",
  "mixed ž水🌍",
];

Deno.test("utf8Length() counts as TextEncoder does", () => {
  for (const text of TEXTS) {
    assertEquals(utf8Length(text), new TextEncoder().encode(text).length, JSON.stringify(text));
  }
});

Deno.test("isLongerInUtf8() agrees with the length, just above and just below", () => {
  for (const text of TEXTS) {
    const length = utf8Length(text);
    assertEquals(isLongerInUtf8(text, length), false, JSON.stringify(text));
    assertEquals(isLongerInUtf8(text, length - 1), true, JSON.stringify(text));
  }
});

Deno.test("decodeUtf8() keeps every character and rejects invalid UTF-8", () => {
  assertEquals(decodeUtf8(hex("efbbbf 61 efbfbd")), "\ufeffa\ufffd");
  for (const bad of ["80", "c3", "61ff", "efbfbd ff"]) {
    assertThrows(() => decodeUtf8(hex(bad)), TypeError);
  }
});
