/** A program that runs for the length of a scope, its standard input and output as streams. */
export class PeerProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  /** Starts it. */
  constructor(command: string, ...args: string[]) {
    this.#child = new Deno.Command(command, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
  }

  /** Its first line of output, without the end of the line. */
  async firstLine(): Promise<string> {
    const reader = this.#child.stdout.getReader();
    const decoder = new TextDecoder();
    let text = "";
    while (!text.includes("\n")) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`Cannot read a line: the output ended after "${text}"`);
      text += decoder.decode(value, { stream: true });
    }
    reader.releaseLock();
    return text.slice(0, text.indexOf("\n"));
  }

  /** Writes to its input and ends that. */
  async feed(bytes: Uint8Array): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(bytes);
    await writer.close();
  }

  /** All its further output. */
  output(): Promise<Uint8Array> {
    return new Response(this.#child.stdout).bytes();
  }

  /** Waits for its end and gives its exit code. */
  async exitCode(): Promise<number> {
    return (await this.#child.status).code;
  }

  /** Ends it if it still runs, and lets go of its streams. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#child.status;
    const ignore = () => {};
    await this.#child.stdin.abort().catch(ignore);
    await this.#child.stdout.cancel().catch(ignore);
  }
}
