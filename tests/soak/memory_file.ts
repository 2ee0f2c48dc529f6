/**
 * A file in memory, as `sendFile` reads one: real ones answer outside of the time of a world.
 *
 * @module
 */
import { numberedBytes } from "./numbered_bytes.ts";
import { pause } from "./scenario.ts";

/**
 * Makes an open file that holds the stream of a seed. Its reads take a while, and give fewer bytes
 * than they were asked for.
 *
 * @param seed The stream.
 * @param size How many bytes it seems to have.
 * @param readable How many there are to read.
 */
export function memoryFile(seed: number, size: number, readable: number = size): Deno.FsFile {
  let position = 0;
  const members = {
    async stat(): Promise<Partial<Deno.FileInfo>> {
      await pause(Math.random() * 3);
      return { isFile: true, isDirectory: false, size };
    },
    async seek(offset: number): Promise<number> {
      await pause(Math.random());
      return position = offset;
    },
    async read(bytes: Uint8Array): Promise<number | null> {
      await pause(Math.random() * 10);
      const most = Math.min(bytes.length, readable - position);
      if (most <= 0) return null;
      const length = Math.ceil(Math.random() * most);
      bytes.set(numberedBytes(seed, position, length));
      position += length;
      return length;
    },
  };
  // The class cannot be constructed; only what is given here is used.
  return Object.assign(Object.create(Deno.FsFile.prototype), members);
}
