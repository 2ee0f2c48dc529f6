/**
 * A client of the library for talking to examples: collects what it receives.
 *
 * @module
 */
import { type CloseInfo, createConnection, type LayerFactory, Protocol } from "@sluice/net";
import { deadline } from "@std/async";

/** The longest wait for data, in milliseconds. */
const PATIENCE_MS = 60_000;

/** One connection to an example. */
export class Client extends Protocol implements AsyncDisposable {
  #text = "";
  #onText: PromiseWithResolvers<void> = Promise.withResolvers();
  #isLost = false;
  readonly #decoder = new TextDecoder();

  /** Connects. */
  static async connect(
    endpoint: { port: number; layers?: readonly LayerFactory[] } | { path: string },
  ): Promise<Client> {
    const { protocol } = await createConnection(() => new Client(), endpoint);
    return protocol;
  }

  override dataReceived(chunk: Uint8Array): void {
    this.#text += this.#decoder.decode(chunk, { stream: true });
    this.#tell();
  }

  override connectionLost(): void {
    this.#isLost = true;
    this.#tell();
  }

  /** Sends, and waits until `expected`, or another text of its length or more, has come back. */
  async ask(message: string | Uint8Array, expected: string): Promise<string> {
    this.transport.write(message);
    return await this.receive(expected.length);
  }

  /** Waits until that many characters have come, or the end, and takes them all. */
  async receive(length: number): Promise<string> {
    while (this.#text.length < length && !this.#isLost) {
      await deadline(this.#onText.promise, PATIENCE_MS);
    }
    const text = this.#text;
    this.#text = "";
    return text;
  }

  /** Waits for the end of the connection. */
  ended(): Promise<CloseInfo> {
    return deadline(this.transport.closed, PATIENCE_MS);
  }

  /** Closes, and waits for the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.transport.close();
    await this.ended();
  }

  #tell(): void {
    this.#onText.resolve();
    this.#onText = Promise.withResolvers();
  }
}
