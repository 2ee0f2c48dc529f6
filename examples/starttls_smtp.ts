/**
 * A small SMTP server that accepts mail only after STARTTLS, and prints a line for each mail.
 *
 * The handler talks in the clear first and then upgrades the same connection: reader and writer
 * stay the same. It refuses bytes that follow the STARTTLS command in the clear, so an attacker
 * cannot inject commands. Only CR LF "." CR LF ends a mail (RFC 5321, section 4.1.1.4). A mail with
 * a bare CR or LF is refused: servers that disagree about the end of a mail let attackers smuggle a
 * second one.
 *
 * Send it mail with `swaks --server 127.0.0.1:2525 --tls --to you@example.com`, or talk to it with
 * `openssl s_client -starttls smtp -crlf -connect 127.0.0.1:2525`; stop it with Ctrl-C.
 *
 *     deno run --allow-net --allow-read examples/starttls_smtp.ts --port 2525
 *     deno task example starttls_smtp --port 2525
 *
 * It needs `--allow-net` and, for the certificates, `--allow-read`. `--cert` and `--key` name PEM
 * files; without them it uses the certificates for tests. With `--ca`, the PEM file of an
 * authority, only clients with a certificate of that authority may send mail.
 *
 * @module
 */
import { LimitOverrunError, startServer } from "@sluice/net";
import type { StreamConnection, TlsOptions } from "@sluice/net";
import { CERTIFICATE_FLAGS, CERTIFICATE_NEEDS, readServerTls } from "./_certificates.ts";
import { listenFlags, readFlags } from "./_flags.ts";
import { count, runProgram, serveUntilStopped } from "./_program.ts";

/** The most recipients of one mail; RFC 5321 asks for at least 100. */
const MAX_RECIPIENTS = 100;
/** An address in angle brackets, in ASCII; spaces only in quotes. Parameters may follow. */
const PATH = /^<((?:"(?:[ !#-[\]-~]|\\[ -~])*"|[!#-;=?-~])*)>(?: (.*))?$/;
/** The commands that a client may use before STARTTLS (RFC 3207, section 4). */
const CLEAR_COMMANDS = ["EHLO", "NOOP", "STARTTLS", "QUIT"];

/** One conversation. */
class SmtpSession {
  readonly #connection: StreamConnection;
  readonly #tls: TlsOptions;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #isSecure = false;
  #hasGreeted = false;
  #from: string | null = null;
  #to: string[] = [];
  #isOver = false;

  constructor(connection: StreamConnection, tls: TlsOptions) {
    this.#connection = connection;
    this.#tls = tls;
  }

  async run(): Promise<void> {
    this.#answer("220 localhost ready");
    try {
      while (await this.#runCommand()) await this.#connection.writer.drain();
    } catch (error) {
      if (!(error instanceof LimitOverrunError)) throw error;
      this.#answer("500 The line is too long");
    }
  }

  /** Runs the next command. Returns whether the conversation goes on. */
  async #runCommand(): Promise<boolean> {
    const line = await this.#readLine();
    if (line === null) return false;
    const command = withoutLineEnd(line);
    if (command === null) {
      this.#answer("500 A line ends with CR LF");
      return true;
    }
    const [, verb = "", argument = ""] = command.match(/^(\S*) *(.*?) *$/) ?? [];
    await this.#execute(verb.toUpperCase(), argument);
    return !this.#isOver;
  }

  async #execute(verb: string, argument: string): Promise<void> {
    if (!this.#isSecure && !CLEAR_COMMANDS.includes(verb)) {
      return this.#answer("530 Must issue a STARTTLS command first");
    }
    if (argument !== "" && ["STARTTLS", "DATA", "RSET", "QUIT"].includes(verb)) {
      return this.#answer(`501 ${verb} takes no argument`);
    }
    if (verb === "STARTTLS") return await this.#startTls();
    if (verb === "DATA") return await this.#takeMail();
    this.#answer(this.#respond(verb, argument));
  }

  #respond(verb: string, argument: string): string {
    switch (verb) {
      case "EHLO":
      case "HELO":
        if (argument === "") return `501 ${verb} takes the name of the client`;
        this.#hasGreeted = true;
        this.#reset();
        return verb === "HELO" || this.#isSecure
          ? "250 localhost"
          : "250-localhost\r\n250 STARTTLS";
      case "MAIL":
        return this.#setSender(argument);
      case "RCPT":
        return this.#addRecipient(argument);
      case "RSET":
        this.#reset();
        return "250 ok";
      case "NOOP":
        return "250 ok";
      case "VRFY":
        return "252 Cannot verify, but will accept mail";
      case "QUIT":
        this.#isOver = true;
        return "221 bye";
      case "EXPN":
      case "HELP":
        return `502 ${verb} is not implemented`;
      default:
        return "500 The command is unknown";
    }
  }

  #setSender(argument: string): string {
    if (!this.#hasGreeted) return "503 EHLO first";
    if (this.#from !== null) return "503 There is a sender already";
    const path = argument.match(/^FROM: ?(.*)$/i)?.[1]?.match(PATH);
    if (!path) return "501 Expected MAIL FROM:<address>";
    if (path[2]) return "555 MAIL takes no parameters here";
    this.#from = path[1] ?? "";
    return "250 ok";
  }

  #addRecipient(argument: string): string {
    if (this.#from === null) return "503 MAIL first";
    const path = argument.match(/^TO: ?(.*)$/i)?.[1]?.match(PATH);
    if (!path?.[1]) return "501 Expected RCPT TO:<address>";
    if (path[2]) return "555 RCPT takes no parameters here";
    if (this.#to.length === MAX_RECIPIENTS) return "452 Too many recipients";
    this.#to.push(path[1]);
    return "250 ok";
  }

  async #startTls(): Promise<void> {
    if (this.#isSecure) return this.#answer("503 TLS is on already");
    this.#answer("220 go ahead");
    try {
      await this.#connection.startTls({ ...this.#tls, strict: true });
    } catch (error) {
      // The connection has ended with it.
      if (error instanceof Error) console.log(error.message);
      throw error;
    }
    // The server forgets what it was told in the clear (RFC 3207, section 4.2).
    this.#isSecure = true;
    this.#hasGreeted = false;
    this.#reset();
  }

  async #takeMail(): Promise<void> {
    const [from, to] = [this.#from, this.#to];
    if (from === null) return this.#answer("503 MAIL first");
    if (to.length === 0) return this.#answer("503 RCPT first");
    this.#answer("354 End with a dot on a line of its own");
    const lines = await this.#readMail();
    this.#reset();
    if (lines === null) {
      // The bytes after it may be smuggled commands.
      this.#isOver = true;
      return this.#answer("554 Refused: a bare CR or LF in the mail");
    }
    const version = this.#connection.writer.getExtraInfo("tlsVersion");
    console.log(`mail from ${from} to ${to.join(", ")}: ${count(lines, "line")} over ${version}`);
    this.#answer("250 taken");
  }

  /** Reads to the end of a mail. Returns its number of lines, or `null` if one is malformed. */
  async #readMail(): Promise<number | null> {
    let lines = 0;
    let isWellFormed = true;
    // The dot counts only at the start of a line, so the line before it must end with CR LF too.
    let isAtLineStart = true;
    while (true) {
      const line = await this.#readLine();
      if (line === null) throw new Error("The client left in the middle of a mail");
      if (isAtLineStart && line === ".\r\n") return isWellFormed ? lines : null;
      isAtLineStart = line.endsWith("\r\n");
      if (withoutLineEnd(line) === null) isWellFormed = false;
      lines++;
    }
  }

  #reset(): void {
    this.#from = null;
    this.#to = [];
  }

  #answer(text: string): void {
    this.#connection.writer.write(`${text}\r\n`);
  }

  /** The next line with its LF, or `null` at the end of the data. */
  async #readLine(): Promise<string | null> {
    const line = this.#decoder.decode(await this.#connection.reader.readline());
    return line.endsWith("\n") ? line : null;
  }
}

/** A line without its CR LF, or `null` if it ends otherwise or has a CR in it. */
function withoutLineEnd(line: string): string | null {
  const text = line.slice(0, -2);
  return line.endsWith("\r\n") && !text.includes("\r") ? text : null;
}

await runProgram(async () => {
  const { cert, key, ca, ...endpoint } = readFlags(
    { ...listenFlags(2525), ...CERTIFICATE_FLAGS },
    CERTIFICATE_NEEDS,
  );
  const tls = await readServerTls({ cert, key, ca });
  const server = await startServer(
    (connection) => new SmtpSession(connection, tls).run(),
    { ...endpoint, onError: (error) => console.log(error.message) },
  );
  await serveUntilStopped(server);
});
