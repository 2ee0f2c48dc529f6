import type {
  SubprocessProtocolCallbacks,
  SubprocessTransport,
} from "../../../protocols/subprocess_contract.ts";

/** A protocol that writes down what a child process does. */
export class RecordingChild implements SubprocessProtocolCallbacks {
  /** The bytes of each pipe. */
  readonly received: Map<number, Uint8Array[]> = new Map();
  /** The events, but data only at its first chunk. */
  readonly events: string[] = [];
  readonly #waiting = new Set<() => void>();

  connectionMade(_transport: SubprocessTransport): void {
    this.#record("connectionMade");
  }

  pipeDataReceived(fd: number, chunk: Uint8Array): void {
    const chunks = this.received.get(fd) ?? [];
    this.received.set(fd, [...chunks, chunk]);
    if (chunks.length === 0) this.events.push(`pipeDataReceived ${fd}`);
    this.#wake();
  }

  pipeConnectionLost(fd: number, error: Error | null): void {
    this.#record(`pipeConnectionLost ${fd} ${error?.name ?? null}`);
  }

  processExited(): void {
    this.#record("processExited");
  }

  pauseWriting(fd: number): void {
    this.#record(`pauseWriting ${fd}`);
  }

  resumeWriting(fd: number): void {
    this.#record(`resumeWriting ${fd}`);
  }

  connectionLost(error: Error | null): void {
    this.#record(`connectionLost ${error?.message ?? null}`);
  }

  /** All that came of a pipe, as text. */
  text(fd: number): string {
    const decoder = new TextDecoder();
    return (this.received.get(fd) ?? [])
      .map((chunk) => decoder.decode(chunk, { stream: true })).join("");
  }

  /** The events that have to do with one pipe. */
  of(fd: number): string[] {
    return this.events.filter((event) => event.includes(` ${fd}`));
  }

  /** Waits until something is so. */
  async until(isMet: () => boolean): Promise<void> {
    while (!isMet()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  /** Waits until a pipe has given a text. */
  untilText(fd: number, part: string): Promise<void> {
    return this.until(() => this.text(fd).includes(part));
  }

  #record(event: string): void {
    this.events.push(event);
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
