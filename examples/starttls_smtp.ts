/**
 * A small SMTP server that takes mail after STARTTLS only, and prints what it took.
 *
 * The handler talks in the clear first, then upgrades the same connection: reader and writer stay the
 * same. Whatever came behind the STARTTLS command is refused, so nobody in between can slip commands in.
 * Send it mail with `swaks --server 127.0.0.1:2525 --tls --to you@example.com`, or talk to it with
 * `openssl s_client -starttls smtp -connect 127.0.0.1:2525`; stop it with Ctrl-C.
 *
 *     deno run --allow-net --allow-read examples/starttls_smtp.ts --port 2525
 *     deno task example starttls_smtp --port 2525
 *
 * `--allow-net` and, for the certificates, `--allow-read`. `--cert` and `--key` name PEM files; without
 * them the certificates for tests are used. With `--ca`, the PEM file of an authority, only clients with a
 * certificate of that authority may send mail.
 *
 * @module
 */
import { startServer, type StreamConnection, type TlsOptions } from "@sluice/net";
import { CERTIFICATE_FLAGS, readCertificate, readDemands } from "./_certificates.ts";
import { announce, readFlags, runProgram } from "./_program.ts";

/** One conversation. */
class SmtpSession {
  readonly #connection: StreamConnection;
  readonly #tls: TlsOptions;
  #isSecure = false;
  #from = "";
  #to: string[] = [];

  constructor(connection: StreamConnection, tls: TlsOptions) {
    this.#connection = connection;
    this.#tls = tls;
  }

  async run(): Promise<void> {
    this.#answer("220 localhost ready");
    for (;;) {
      const line = await this.#line();
      if (line === null) return;
      const [verb = ""] = line.toUpperCase().split(" ");
      if (verb === "QUIT") return this.#answer("221 bye");
      if (verb === "STARTTLS") await this.#startTls();
      else if (verb === "DATA") await this.#takeMail();
      else this.#answer(this.#respond(verb, line));
      await this.#connection.writer.drain();
    }
  }

  #respond(verb: string, line: string): string {
    const address = /<(.*)>/.exec(line)?.[1] ?? "";
    switch (verb) {
      case "EHLO":
        return this.#isSecure ? "250 localhost" : "250-localhost\r\n250 STARTTLS";
      case "HELO":
      case "NOOP":
        return "250 ok";
      case "RSET":
        this.#to = [];
        return "250 ok";
      case "MAIL":
        if (!this.#isSecure) return "530 Must issue a STARTTLS command first";
        this.#from = address;
        return "250 ok";
      case "RCPT":
        if (!this.#isSecure) return "530 Must issue a STARTTLS command first";
        this.#to.push(address);
        return "250 ok";
      default:
        return "502 not implemented";
    }
  }

  async #startTls(): Promise<void> {
    if (this.#isSecure) return this.#answer("503 TLS is on already");
    this.#answer("220 go ahead");
    try {
      await this.#connection.startTls({ ...this.#tls, strict: true });
    } catch (error) {
      // The connection has ended with it, which is no fault of ours.
      if (error instanceof Error) console.log(error.message);
      throw error;
    }
    this.#isSecure = true;
  }

  async #takeMail(): Promise<void> {
    if (this.#to.length === 0) return this.#answer("503 RCPT first");
    this.#answer("354 end with a dot on a line of its own");
    let lines = 0;
    for (let line = await this.#line(); line !== "."; line = await this.#line()) {
      if (line === null) return;
      lines++;
    }
    const version = this.#connection.writer.getExtraInfo("tlsVersion");
    console.log(
      `mail from ${this.#from} to ${this.#to.join(", ")}: ${lines} lines over ${version}`,
    );
    this.#to = [];
    this.#answer("250 taken");
  }

  #answer(text: string): void {
    this.#connection.writer.write(`${text}\r\n`);
  }

  /** The next line, or `null` at the end. */
  async #line(): Promise<string | null> {
    const line = new TextDecoder().decode(await this.#connection.reader.readline());
    return line.endsWith("\n") ? line.trimEnd() : null;
  }
}

await runProgram(async () => {
  const { cert, key, ca, ...endpoint } = readFlags({ port: 2525, ...CERTIFICATE_FLAGS });
  const tls = {
    ...await readCertificate({ cert, key }, "localhost"),
    ...await readDemands({ ca }),
  };
  await using server = await startServer(
    (connection) => new SmtpSession(connection, tls).run(),
    { ...endpoint, onError: (error) => console.log(error.message) },
  );
  announce(server);
  await server.serveForever();
});
