import { describeOsError, fromErrno, fromNodeError } from "../../../core/os_error.ts";
import type { CarrierFile, FilePart } from "../../../core/system/system_carrier.ts";
import { E, type Libc } from "../libc/libc.ts";

/** How much of a file is sent by one call, at most: it is read from the disk meanwhile. */
const MAX_SENT = 262_144;
/** With these sendfile(2) says that it cannot send from a file of this kind. */
const UNABLE: readonly number[] = [E.INVAL, E.NOSYS, E.SPIPE, E.OVERFLOW];

/** A socket that sends the bytes of a file. */
interface FileSender {
  readonly libc: Libc;
  readonly fd: number;
  sendBy(call: () => number): number | Promise<number>;
}

/**
 * Opens a file for sendfile(2), with the permission that Deno asks for.
 *
 * @param sender The connection that it is for.
 * @throws {Deno.errors.NotFound} If there is none; other failures likewise.
 */
export async function openSystemFile(
  sender: FileSender,
  path: string | URL,
): Promise<CarrierFile> {
  const { open, fstat, close } = await import("node:fs");
  const fd = await new Promise<number>((resolve, reject) => {
    open(path, "r", (error, fd) => {
      if (error === null) resolve(fd);
      else reject(describeOsError(fromNodeError(error), `Cannot open ${path}`));
    });
  });
  let users = 1;
  const release = (): void => {
    if (--users === 0) close(fd, () => {});
  };
  return {
    stat: () =>
      new Promise((resolve, reject) => {
        fstat(fd, (error, stats) => {
          if (error !== null) return reject(fromNodeError(error));
          const { size } = stats;
          resolve({ isFile: stats.isFile(), isDirectory: stats.isDirectory(), size });
        });
      }),
    part: (offset) => {
      users++;
      return new SystemFilePart(sender, fd, offset, release);
    },
    close: release,
  };
}

/** A part of a file that sendfile(2) sends. */
class SystemFilePart implements FilePart {
  failure: FilePart["failure"] = null;
  readonly #sender: FileSender;
  readonly #fd: number;
  readonly #release: () => void;
  // The offset in the file, where the system counts on.
  readonly #offset = new BigInt64Array(1);
  readonly #offsetBytes = new Uint8Array(this.#offset.buffer);
  readonly #start: number;
  #hasEnded = false;

  constructor(sender: FileSender, fd: number, offset: number, release: () => void) {
    this.#sender = sender;
    this.#fd = fd;
    this.#start = offset;
    this.#offset[0] = BigInt(offset);
    this.#release = release;
  }

  get sent(): number {
    return Number(this.#offset[0]) - this.#start;
  }

  send(most: number): number | Promise<number> {
    return this.#sender.sendBy(() => this.#send(Math.min(most, MAX_SENT)));
  }

  end(): void {
    this.#hasEnded = true;
    this.#release();
  }

  #send(most: number): number {
    // A send that still waits: the number may be that of another file by now.
    if (this.#hasEnded) return 0;
    const { libc, fd } = this.#sender;
    const n = libc.sendfile(fd, this.#fd, this.#offsetBytes, BigInt(most));
    if (n >= 0) return n;
    const { errno } = libc;
    if (UNABLE.includes(errno)) this.failure = "unable";
    // Of the disk: no fault of the connection.
    else if (errno === E.IO) this.failure = fromErrno(errno);
    return this.failure === null ? n : 0;
  }
}
