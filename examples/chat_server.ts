/**
 * A chat in lines of text: each user receives the lines of the others.
 *
 * A user who reads slowly neither delays the others nor fills the memory: such a user misses lines,
 * and is told how many. Join with `nc 127.0.0.1 8888`; stop the server with Ctrl-C.
 *
 *     deno run --allow-net examples/chat_server.ts --port 8888
 *     deno task example chat_server --port 8888
 *
 * It needs `--allow-net`; with `--path` (a Unix socket) also `--allow-read --allow-write`.
 *
 * @module
 */
import {
  createServer,
  FramedProtocol,
  type FrameError,
  lineCodec,
  type Transport,
} from "@sluice/net";
import { listenFlags, readFlags } from "./_flags.ts";
import { runProgram, serveUntilStopped } from "./_program.ts";

/** The longest line that a user may send, in bytes. */
const MAX_LINE_LENGTH = 1000;
/**
 * How many bytes may wait for one user. With more, the user misses lines until a quarter is left.
 * It is far more than waits for a user who reads.
 */
const MAX_WAITING = 1_048_576;
/** More than this waits only if a user keeps asking without reading. */
const MAX_WRITE_BUFFER = 2_097_152;

/** The users who are present. */
export class Room {
  readonly #users = new Set<User>();

  /** Makes a user for the next connection. */
  readonly enter = (): User => new User(this);

  /** The names of the users. */
  get names(): string[] {
    return Array.from(this.#users, (user) => user.name);
  }

  /** Adds a user. */
  add(user: User): void {
    this.tell(`* ${user.name} has joined`);
    this.#users.add(user);
  }

  /** Removes a user. */
  remove(user: User): void {
    if (this.#users.delete(user)) this.tell(`* ${user.name} has left`);
  }

  /** Sends a line to all users, or all but one. */
  tell(line: string, except?: User): void {
    for (const user of this.#users) if (user !== except) user.tell(line);
  }
}

/**
 * One user: the first line is the name, every other line is sent to the others, or is a command.
 */
export class User extends FramedProtocol<string> {
  /** The name; empty before the user has chosen one. */
  name = "";
  readonly #room: Room;
  #isSlow = false;
  #missed = 0;

  /** Makes a user who has not entered the room yet. */
  constructor(room: Room) {
    super(lineCodec({ maxLength: MAX_LINE_LENGTH, writtenEnding: "crlf" }));
    this.#room = room;
  }

  override connectionMade(transport: Transport): void {
    super.connectionMade(transport);
    transport.setWriteBufferLimits({ high: MAX_WAITING });
    this.send("What is your name?");
  }

  override messageReceived(line: string): void {
    if (this.name === "") this.#introduce(line.trim());
    else if (line === "/who") this.tell(`* here are ${this.#room.names.join(", ")}`);
    else if (line === "/quit") this.transport.close();
    else if (line.trim() !== "") this.#room.tell(`${this.name}: ${toPlain(line)}`, this);
  }

  override badMessageReceived(_error: FrameError): void {
    this.tell(`* say that in at most ${MAX_LINE_LENGTH} bytes of UTF-8`);
  }

  override connectionLost(error: Error | null): void {
    super.connectionLost(error);
    this.#room.remove(this);
  }

  override pauseWriting(): void {
    super.pauseWriting();
    this.#isSlow = true;
  }

  override resumeWriting(): void {
    super.resumeWriting();
    this.#isSlow = false;
    if (this.#missed > 0) this.send(`* you were too slow and missed ${this.#missed} lines`);
    this.#missed = 0;
  }

  /** Sends a line, unless too many lines are waiting. */
  tell(line: string): void {
    if (this.#isSlow) this.#missed++;
    else this.send(line);
  }

  #introduce(name: string): void {
    const isTaken = this.#room.names.includes(name);
    if (isTaken || !/^[\p{L}\p{N}_-]{1,20}$/u.test(name)) {
      this.tell(isTaken ? "That name is taken" : "Letters and digits only, 20 at most");
      return;
    }
    this.name = name;
    this.#room.add(this);
    this.tell(`* welcome, ${name}: /who tells who is here, /quit leaves`);
  }
}

/** Removes control characters, which could move the cursor of other users' terminals. */
function toPlain(line: string): string {
  return line.replace(/\p{Cc}/gu, " ");
}

if (import.meta.main) {
  await runProgram(async () => {
    const options = { ...readFlags(listenFlags(8888)), maxWriteBuffer: MAX_WRITE_BUFFER };
    await serveUntilStopped(await createServer(new Room().enter, options));
  });
}
