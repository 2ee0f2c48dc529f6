import { assertEquals } from "@std/assert";

/** The bytes that a client sends after it was answered: more than the system holds for it. */
const REST = new Uint8Array(8_000_000);

/**
 * A client below every abstraction that goes on sending after the other end has ended. It fails
 * where its connection was reset.
 *
 * @param port Of this machine.
 * @param first What it sends first.
 * @returns What it was answered until the end.
 */
export async function sendOn(port: number, first: Uint8Array | string): Promise<Uint8Array> {
  using conn = await Deno.connect({ port });
  await writeAll(conn, typeof first === "string" ? new TextEncoder().encode(first) : first);
  const parts: number[] = [];
  const buffer = new Uint8Array(65_536);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    parts.push(...buffer.subarray(0, n));
  }
  await writeAll(conn, REST);
  await conn.closeWrite();
  assertEquals(await conn.read(buffer), null);
  return Uint8Array.from(parts);
}

async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}
