import type { Codec } from "../../protocols/framing/codec.ts";
import { FramedConnection, type FramedOptions } from "./framed_connection.ts";
import type { StreamConnection } from "../stream_connection.ts";

/**
 * Makes a connection of messages of a connection of bytes.
 *
 * What was read before is not part of it: read a greeting with `connection.reader`, then go on with
 * messages.
 *
 * @example Numbers of two bytes, added up
 * ```ts
 * import { framed, mapCodec, openConnection, startServer } from "@sluice/net";
 * import { fixedLengthCodec } from "@sluice/net/codecs";
 * import { assertEquals } from "@std/assert";
 *
 * const numberCodec = () =>
 *   mapCodec(fixedLengthCodec(2), {
 *     decode: ([high = 0, low = 0]) => high * 256 + low,
 *     encode: (value: number) => new Uint8Array([value >> 8, value]),
 *   });
 *
 * await using server = await startServer(async (connection) => {
 *   const numbers = framed(connection, numberCodec());
 *   let sum = 0;
 *   for await (const number of numbers) await numbers.send(sum += number);
 * }, { port: 0 });
 *
 * await using client = framed(await openConnection({ port: server.port }), numberCodec());
 * for (const number of [1, 20, 300]) await client.send(number);
 * assertEquals(await client.receive(), 1);
 * assertEquals(await client.receive(), 21);
 * assertEquals(await client.receive(), 321);
 * ```
 *
 * @typeParam In What is received.
 * @typeParam Out What is sent; by default the same.
 * @param connection The bytes. Its reader and `readable` are the new connection's alone from now
 * on.
 * @param codec What messages are made of; for this connection alone.
 * @param options What to do with bad messages.
 * @returns The connection of messages. To close it closes the connection of bytes.
 */
export function framed<In, Out = In>(
  connection: StreamConnection,
  codec: Codec<In, Out>,
  options: FramedOptions = {},
): FramedConnection<In, Out> {
  return new FramedConnection(connection, codec, options);
}
