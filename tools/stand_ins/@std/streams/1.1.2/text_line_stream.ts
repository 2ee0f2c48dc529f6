// Stand-in for jsr:@std/streams, used only where JSR cannot be reached.

/** Options for {@linkcode TextLineStream}. */
export interface TextLineStreamOptions {
  /**
   * Whether a `\r` alone ends a line too.
   *
   * @default {false}
   */
  allowCR?: boolean;
}

/**
 * Cuts a stream of text into lines, without their ends (`\n` or `\r\n`). The text after the
 * last end is a line if it is not empty.
 */
export class TextLineStream extends TransformStream<string, string> {
  /**
   * Makes the stream.
   *
   * @param options What ends a line
   */
  constructor(options: TextLineStreamOptions = {}) {
    const { allowCR = false } = options;
    // The line that has no end yet, in the pieces in which it came.
    let pending: string[] = [];
    super({
      transform(text, controller): void {
        if (text === "") return;
        const carriageReturn = allowCR && (text.includes("\r") || pending.at(-1)?.endsWith("\r"));
        pending.push(text);
        if (!carriageReturn && !text.includes("\n")) return;
        const { lines, rest } = split(pending.join(""), allowCR);
        for (const line of lines) controller.enqueue(line);
        pending = rest === "" ? [] : [rest];
      },
      flush(controller): void {
        const line = pending.join("");
        if (line !== "") controller.enqueue(allowCR ? line.replace(/\r$/, "") : line);
      },
    });
  }
}

/** The whole lines of a text, and what follows them. */
function split(text: string, allowCR: boolean): { lines: string[]; rest: string } {
  // A final "\r" waits: it may be half of a "\r\n".
  const whole = allowCR && text.endsWith("\r") ? text.slice(0, -1) : text;
  const lines = whole.split(allowCR ? /\r\n|\n|\r/ : /\r?\n/);
  const rest = lines.pop() + text.slice(whole.length);
  return { lines, rest };
}
