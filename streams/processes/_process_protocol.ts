import { type Bytes, copyOf, joinBytes } from "../../protocols/bytes.ts";
import type { Transport } from "../../protocols/contract.ts";
import { SubprocessProtocol } from "../../protocols/subprocess_protocol.ts";
import type { SubprocessTransport } from "../../protocols/subprocess_contract.ts";
import { WaitQueue } from "../../protocols/waits/wait_queue.ts";
import { FlowControl } from "../writing/flow_control.ts";
import { LiveStreamConnection, type StreamConnection } from "../stream_connection.ts";
import { StreamReader, type StreamReaderOptions } from "../reading/stream_reader.ts";
import { flowOf, StreamReaderProtocol } from "../reading/stream_reader_protocol.ts";

/** How much is kept, in bytes. */
const MAX_SIZE = 4096;
/** How many lines are shown. */
const MAX_LINES = 10;

/**
 * Feeds the readers of a process and tells its writer when to wait: asyncio's
 * `SubprocessStreamProtocol`.
 */
export class ProcessProtocol extends SubprocessProtocol {
  /** The waits of the writer to stdin; `null` if stdin is no pipe. */
  stdin: FlowControl | null = null;
  /** The readers of stdout and stderr, as far as these are pipes. */
  readonly readers: Map<number, StreamReader> = new Map();
  /** The pipes from 3 on, which go both ways. */
  readonly connections: Map<number, StreamConnection> = new Map();
  readonly #further: FurtherPipe[] = [];
  /** The last bytes from stderr. */
  readonly complaints: OutputTail = new OutputTail();
  /** The waits for the exit. */
  readonly exitWaiters: WaitQueue = new WaitQueue();
  readonly #options: StreamReaderOptions;
  readonly #descriptors: number;
  #isDiscarding = false;

  /** `descriptors` is how many the process has. */
  constructor(descriptors: number, options: StreamReaderOptions) {
    super();
    this.#descriptors = descriptors;
    this.#options = options;
  }

  /** Drops all further output. */
  discard(): void {
    this.#isDiscarding = true;
  }

  override connectionMade(transport: SubprocessTransport): void {
    for (let fd = 0; fd < this.#descriptors; fd++) {
      const pipe = transport.getPipeTransport(fd);
      if (pipe === null) continue;
      if (fd === 0) {
        this.stdin = new FlowControl();
        this.stdin.transport = pipe;
      } else if (fd < 3) {
        const reader = new StreamReader(this.#options);
        reader.setTransport(pipe);
        this.readers.set(fd, reader);
      } else this.connections.set(fd, this.#connect(pipe));
    }
  }

  override pipeDataReceived(fd: number, data: Bytes): void {
    if (fd === 2) this.complaints.add(data);
    if (!this.#isDiscarding) this.readers.get(fd)?.feedData(data);
  }

  override pipeConnectionLost(fd: number, error: Error | null): void {
    if (fd === 0) this.stdin?.connectionLost(error);
    else if (error === null) this.readers.get(fd)?.feedEof();
    else this.readers.get(fd)?.setException(error);
  }

  override pauseWriting(fd: number): void {
    if (fd === 0) this.stdin?.pauseWriting();
  }

  override resumeWriting(fd: number): void {
    if (fd === 0) this.stdin?.resumeWriting();
  }

  override processExited(): void {
    this.exitWaiters.release();
    for (const further of this.#further) further.processExited();
  }

  #connect(pipe: Transport): StreamConnection {
    const reader = new StreamReader(this.#options);
    const further = new FurtherPipe(reader);
    this.#further.push(further);
    further.connectionMade(pipe);
    pipe.setProtocol(further);
    return new LiveStreamConnection(reader, flowOf(further));
  }
}

/**
 * A pipe that goes both ways. It is open until we close it, or the process has ended and so has
 * what it wrote.
 */
class FurtherPipe extends StreamReaderProtocol {
  #hasEnded = false;
  #hasExited = false;

  processExited(): void {
    this.#hasExited = true;
    if (this.#hasEnded) flowOf(this).transport.close();
  }

  override eofReceived(): boolean {
    this.#hasEnded = true;
    return super.eofReceived() && !this.#hasExited;
  }
}

/** The end of what a pipe gave. */
class OutputTail {
  #tail: Bytes = new Uint8Array(0);

  /** Adds what came. */
  add(chunk: Uint8Array): void {
    const kept = this.#tail.subarray(Math.max(0, this.#tail.length + chunk.length - MAX_SIZE));
    this.#tail = joinBytes([kept, copyOf(chunk, Math.max(0, chunk.length - MAX_SIZE))]);
  }

  /** The last lines, as text. */
  get lines(): string {
    const text = new TextDecoder().decode(this.#tail).trimEnd();
    return text.split("\n").slice(-MAX_LINES).join("\n");
  }
}
