/** The role "zlib" with the compression layer on both ends of a pair in memory. */
import { compression, memoryTransportPair } from "../../mod.ts";
import { LEVELS, serveJob } from "./zlib_job.ts";

await serveJob(async (chunks, format) => {
  let bytes = 0;
  let onRoom = (): void => {};
  const [a, b] = await memoryTransportPair(
    () => ({ resumeWriting: () => onRoom() }),
    () => ({ dataReceived: (chunk) => void (bytes += chunk.length) }),
    { layers: [compression({ format, level: LEVELS[format] })] },
  );
  for (const chunk of chunks) {
    if (!a.transport.write(chunk)) await new Promise<void>((resolve) => onRoom = resolve);
  }
  a.transport.close();
  await b.transport.closed;
  return bytes;
});
