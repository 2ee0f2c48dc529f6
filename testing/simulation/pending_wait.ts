/** An operation that a program waits for. */
export interface PendingWait {
  /** The operation, as `read 10.0.0.1:49152 -> 10.0.0.2:80` or `StreamReader.readline`. */
  readonly what: string;
  /** When it began, in milliseconds of virtual time. */
  readonly since: number;
  /** The line of the program where it began, as `chat_test.ts:12:7`; `null` if unknown. */
  readonly where: string | null;
}
