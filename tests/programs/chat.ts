/** A chat server of lines, which asks silent clients whether they are there. */
import { startServer, type StreamConnection, TimeoutError, writeStallTimeout } from "@sluice/net";
import type { StreamServer } from "@sluice/net/streams";

/** Serves one room. */
export function serveChat(port: number, silence: number): Promise<StreamServer> {
  const room = new Map<string, StreamConnection>();
  return startServer((connection) => chat(connection, room, silence), {
    port,
    limit: 1024,
    maxWriteBuffer: 65_536,
    layers: [writeStallTimeout({ timeout: 10_000 })],
  });
}

async function chat(
  connection: StreamConnection,
  room: Map<string, StreamConnection>,
  silence: number,
): Promise<void> {
  const { reader, writer } = connection;
  const tell = (text: string) => {
    for (const other of room.values()) if (other !== connection) other.writer.write(`${text}\n`);
  };
  writer.write("your name?\n");
  let name = (await reader.readline({ as: "text", timeout: silence })).trim();
  while (name === "" || room.has(name)) {
    if (reader.atEof()) return;
    writer.write("taken, another one?\n");
    name = (await reader.readline({ as: "text", timeout: silence })).trim();
  }
  writer.write(`here: ${[...room.keys()].join(", ") || "nobody"}\n`);
  room.set(name, connection);
  tell(`* ${name} came`);
  try {
    for (;;) {
      const line = await nextLine(connection, silence);
      if (line === null || line === "/quit") return;
      if (line === "/who") writer.write(`here: ${[...room.keys()].join(", ")}\n`);
      else if (line !== "PONG") tell(`${name}: ${line}`);
      await writer.drain();
    }
  } finally {
    room.delete(name);
    tell(`* ${name} left`);
  }
}

/** The next line; `null` at the end, or if the client does not answer a question either. */
async function nextLine(
  { reader, writer }: StreamConnection,
  silence: number,
): Promise<string | null> {
  for (const question of ["PING\n", "you said nothing\n"]) {
    try {
      const line = await reader.readline({ as: "text", timeout: silence });
      return line === "" ? null : line.trim();
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      writer.write(question);
    }
  }
  return null;
}

if (import.meta.main) {
  const server = await serveChat(6667, 30_000);
  await server.serveUntilSignal();
}
