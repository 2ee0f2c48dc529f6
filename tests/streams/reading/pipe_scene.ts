import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import type { StreamConnection } from "../../../streams/stream_connection.ts";
import type { StreamPair } from "../../support/pairs/stream_pair.ts";
import { decode, encode } from "../../support/text.ts";

/** `sender => [from => to] => receiver`: what is in brackets is piped. */
export class PipeScene implements AsyncDisposable {
  readonly sender: StreamConnection;
  readonly from: StreamConnection;
  readonly to: StreamConnection;
  readonly receiver: StreamConnection;
  readonly #pairs: readonly StreamPair[];

  constructor(left: StreamPair, right: StreamPair) {
    this.#pairs = [left, right];
    [this.sender, this.from] = [left.a, left.b];
    [this.to, this.receiver] = [right.a, right.b];
  }

  /** Whether the receiving side of the source goes on: the reader gets what is sent now. */
  async assertSourceLives(): Promise<void> {
    this.sender.writer.write("lives\n");
    assertEquals(decode(await this.from.reader.readline()), "lives\n");
  }

  /** The source was cancelled: its data has ended, and only that. */
  async assertSourceCancelled(): Promise<void> {
    assertEquals(this.from.reader.atEof(), true);
    this.sender.writer.write("dropped");
    this.from.writer.write("lives\n");
    assertEquals(decode(await this.sender.reader.readline()), "lives\n");
    assertEquals(await this.from.reader.read(), new Uint8Array(0));
  }

  async assertDestinationLives(): Promise<void> {
    const writer = this.to.writable.getWriter();
    await writer.write(encode("lives\n"));
    writer.releaseLock();
    assertEquals(decode(await this.receiver.reader.readline()), "lives\n");
  }

  async assertDestinationAborted(reason: unknown): Promise<void> {
    assertStrictEquals((await this.to.closed).error, reason);
    await assertRejects(() => this.to.writable.getWriter().closed);
  }

  assertUnlocked(): void {
    assertEquals([this.from.readable.locked, this.to.writable.locked], [false, false]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pair of this.#pairs) await pair[Symbol.asyncDispose]();
  }
}
