import { assertEquals, assertThrows } from "@std/assert";
import { applySocketOptions } from "../../../transports/carriers/socket_options.ts";

/** Stands in for a connection, and writes down what is set on it. */
function recordingConn(): { conn: Deno.Conn; calls: string[] } {
  const calls: string[] = [];
  const conn = {
    setNoDelay: (value: boolean) => calls.push(`noDelay ${value}`),
    setKeepAlive: (value: boolean) => calls.push(`keepAlive ${value}`),
  };
  // Only what is called is there.
  return { conn: conn as unknown as Deno.Conn, calls };
}

Deno.test("applySocketOptions() turns delays off and probes only if asked to", () => {
  const { conn, calls } = recordingConn();
  applySocketOptions(conn, {});
  applySocketOptions(conn, { noDelay: false });
  applySocketOptions(conn, { noDelay: false, keepAlive: true });
  assertEquals(calls, ["noDelay true", "keepAlive true"]);
});

Deno.test("applySocketOptions() leaves other sockets alone", () => {
  const calls: string[] = [];
  // A Unix socket has neither option.
  const conn = { close: () => calls.push("close"), ref: () => calls.push("ref") };
  applySocketOptions(conn as unknown as Deno.Conn, { keepAlive: true });
  assertEquals([calls, Object.keys(conn)], [[], ["close", "ref"]]);
});

Deno.test("applySocketOptions() closes a socket that refuses them", () => {
  const { conn, calls } = recordingConn();
  const refuse = () => {
    throw new Deno.errors.NotConnected("gone");
  };
  Object.assign(conn, { setNoDelay: refuse, close: () => calls.push("close") });
  assertThrows(() => applySocketOptions(conn, {}), Deno.errors.NotConnected);
  assertEquals(calls, ["close"]);
});
