import { openConnection, type StreamConnection } from "@sluice/net";
import { assertEquals, assertMatch } from "@std/assert";
import { type RunningExample, startExample } from "../run_example.ts";

const CA = await Deno.readTextFile(
  new URL("../../../examples/certificates/ca.crt", import.meta.url),
);

/** A client that sends text as it is and reads answers. */
class SmtpClient implements AsyncDisposable {
  readonly #connection: StreamConnection;

  constructor(connection: StreamConnection) {
    this.#connection = connection;
  }

  /** Connects, in the clear. */
  static async connect(server: RunningExample): Promise<SmtpClient> {
    const client = new SmtpClient(await openConnection({ port: await server.port() }));
    assertEquals(await client.answer(), "220 localhost ready");
    return client;
  }

  /** Connects, upgrades and says EHLO. */
  static async secure(server: RunningExample): Promise<SmtpClient> {
    const client = await SmtpClient.connect(server);
    assertEquals(await client.ask("STARTTLS"), "220 go ahead");
    await client.#connection.startTls({ caCerts: [CA], serverName: "localhost" });
    assertEquals(await client.ask("EHLO me"), "250 localhost");
    return client;
  }

  send(text: string): void {
    this.#connection.writer.write(text);
  }

  async answer(): Promise<string> {
    return new TextDecoder().decode(await this.#connection.reader.readline()).trim();
  }

  async ask(command: string): Promise<string> {
    this.send(`${command}\r\n`);
    return await this.answer();
  }

  /** Ends our direction, and gives all answers that come before the server ends its own. */
  async rest(): Promise<string[]> {
    this.#connection.writer.writeEof();
    const text = new TextDecoder().decode(await this.#connection.reader.read());
    return text.split("\r\n").filter((line) => line !== "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.transport.abort();
    await this.#connection.closed;
  }
}

/** Every ending of a mail but the right one, and what the server says of the mail. */
const WRONG_ENDINGS: Record<string, [ending: string, verdict: RegExp]> = {
  "LF . LF": ["\n.\n", /^554 /],
  "LF . CR LF": ["\n.\r\n", /^554 /],
  "CR LF . LF": ["\r\n.\n", /^554 /],
  "CR . CR": ["\r.\r", /^554 /],
  "CR LF . CR": ["\r\n.\r", /^554 /],
  "CR . CR LF": ["\r.\r\n", /^554 /],
  "LF . CR": ["\n.\r", /^554 /],
  "CR LF . CR CR LF": ["\r\n.\r\r\n", /^554 /],
  "CR CR LF . CR LF": ["\r\r\n.\r\n", /^554 /],
  "CR LF . space CR LF": ["\r\n. \r\n", /^250 taken$/],
  "CR LF space . CR LF": ["\r\n .\r\n", /^250 taken$/],
  "CR LF . NUL CR LF": ["\r\n.\0\r\n", /^250 taken$/],
  "a no-break space after the dot": ["\r\n.\u00a0\r\n", /^250 taken$/],
  "a byte order mark before the dot": ["\r\n\ufeff.\r\n", /^250 taken$/],
};

Deno.test("starttls_smtp takes CR LF . CR LF alone for the end of a mail", async () => {
  await using server = startExample("starttls_smtp", ["--port", "0"]);
  for (const [name, [ending, verdict]] of Object.entries(WRONG_ENDINGS)) {
    await using client = await SmtpClient.secure(server);
    await client.ask("MAIL FROM:<a@x.test>");
    await client.ask("RCPT TO:<b@y.test>");
    await client.ask("DATA");
    client.send(
      `hello${ending}MAIL FROM:<smuggled@x.test>\r\nRCPT TO:<victim@y.test>\r\nDATA\r\nsmuggled\r\n.\r\n`,
    );
    const answers = await client.rest();
    assertEquals(answers.length, 1, name);
    assertMatch(answers.join(), verdict, name);
  }
});

Deno.test("starttls_smtp takes several mails of one client, each with its own envelope", async () => {
  await using server = startExample("starttls_smtp", ["--port", "0"]);
  await using client = await SmtpClient.secure(server);
  await client.ask("MAIL FROM:<first@x.test>");
  await client.ask("RCPT TO:<one@y.test>");
  assertEquals(await client.ask("DATA"), "354 End with a dot on a line of its own");
  assertEquals(await client.ask("one\r\n..\r\nthree\r\n."), "250 taken");
  await server.line(/^mail from first@x\.test to one@y\.test: 3 lines over TLSv1\.3$/);

  assertEquals(await client.ask("RCPT TO:<two@y.test>"), "503 MAIL first");
  assertEquals(await client.ask("DATA"), "503 MAIL first");
  await client.ask("MAIL FROM:<>");
  await client.ask("RCPT TO:<two@y.test>");
  await client.ask("DATA");
  assertEquals(await client.ask("."), "250 taken");
  await server.line(/^mail from {2}to two@y\.test: 0 lines over TLSv1\.3$/);
  assertEquals(await client.ask("QUIT"), "221 bye");
});

/** Commands and their answers, in one conversation after STARTTLS and EHLO. */
const CONVERSATION: [command: string, answer: string][] = [
  ["RCPT TO:<b@y.test>", "503 MAIL first"],
  ["DATA", "503 MAIL first"],
  ["MAIL FROM:a@x.test", "501 Expected MAIL FROM:<address>"],
  ["MAIL FROM:<a\u001b[31m@x.test>", "501 Expected MAIL FROM:<address>"],
  ["MAIL FROM:<a@x.test> SIZE=12", "555 MAIL takes no parameters here"],
  ["mail from:<a@x.test>", "250 ok"],
  ["MAIL FROM:<other@x.test>", "503 There is a sender already"],
  ["DATA", "503 RCPT first"],
  ["RCPT TO:<>", "501 Expected RCPT TO:<address>"],
  ['RCPT TO:<"b c"@y.test>', "250 ok"],
  ["DATA now", "501 DATA takes no argument"],
  ["RSET", "250 ok"],
  ["RCPT TO:<b@y.test>", "503 MAIL first"],
  ["MAIL FROM:<a@x.test>", "250 ok"],
  ["EHLO again", "250 localhost"],
  ["RCPT TO:<b@y.test>", "503 MAIL first"],
  ["EHLO", "501 EHLO takes the name of the client"],
  ["STARTTLS", "503 TLS is on already"],
  ["NOOP\r", "500 A line ends with CR LF"],
  ["VRFY b", "252 Cannot verify, but will accept mail"],
  ["HELP", "502 HELP is not implemented"],
  ["BDAT 5", "500 The command is unknown"],
  ["QUIT", "221 bye"],
];

Deno.test("starttls_smtp enforces the order of the commands", async () => {
  await using server = startExample("starttls_smtp", ["--port", "0"]);
  await using client = await SmtpClient.secure(server);
  for (const [command, answer] of CONVERSATION) {
    assertEquals(await client.ask(command), answer, command);
  }
  assertEquals(await client.rest(), []);
});

Deno.test("starttls_smtp refuses all but four commands in the clear, and forgets them", async () => {
  await using server = startExample("starttls_smtp", ["--port", "0"]);
  await using client = await SmtpClient.connect(server);
  for (const command of ["HELO me", "MAIL FROM:<a@x.test>", "DATA", "RSET", "VRFY a"]) {
    assertEquals(await client.ask(command), "530 Must issue a STARTTLS command first", command);
  }
  assertEquals(await client.ask("EHLO me"), "250-localhost");
  assertEquals(await client.answer(), "250 STARTTLS");
  assertEquals(await client.ask("STARTTLS now"), "501 STARTTLS takes no argument");
  client.send("EHLO me\nNOOP\r\n");
  assertEquals(await client.answer(), "500 A line ends with CR LF");
  assertEquals(await client.rest(), ["250 ok"]);
});

Deno.test("starttls_smtp requires EHLO again after STARTTLS", async () => {
  await using server = startExample("starttls_smtp", ["--port", "0"]);
  const connection = await openConnection({ port: await server.port() });
  await using client = new SmtpClient(connection);
  await client.answer();
  await client.ask("EHLO me");
  await client.answer();
  await client.ask("STARTTLS");
  await connection.startTls({ caCerts: [CA], serverName: "localhost" });
  assertEquals(await client.ask("MAIL FROM:<a@x.test>"), "503 EHLO first");
});

Deno.test("starttls_smtp ends a conversation whose line is too long", async () => {
  await using server = startExample("starttls_smtp", ["--port", "0"]);
  await using client = await SmtpClient.connect(server);
  client.send("NOOP".repeat(20_000));
  assertEquals(await client.answer(), "500 The line is too long");
  assertEquals(await client.answer(), "");
});
