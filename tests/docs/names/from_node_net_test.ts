import { assertEquals } from "@std/assert";
import { compareNames, readRows } from "./name_tables.ts";
import node from "./node_net_names.json" with { type: "json" };

const page = await Deno.readTextFile(new URL("../../../docs/from_node_net.md", import.meta.url));
const rows = readRows(page);

Deno.test("from_node_net.md has one row for every name of node:net and node:tls and for no other", () => {
  assertEquals(compareNames(rows, node.names), []);
});
