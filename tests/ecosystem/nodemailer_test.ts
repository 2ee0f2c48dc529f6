import { assertEquals } from "@std/assert";
import { toNodeStream } from "../../node/mod.ts";
import { openConnection } from "../../streams/open_connection.ts";
import { startExample } from "../examples/run_example.ts";
import { ca } from "../support/certificates/certificates.ts";
import { ecosystemTest } from "./ecosystem_test_case.ts";
import { load } from "./packages.ts";

/** The parts of nodemailer that are used here. */
interface Nodemailer {
  readonly default: {
    createTransport(options: object): {
      sendMail(mail: object): Promise<{ accepted: string[] }>;
      close(): void;
    };
  };
}

ecosystemTest({
  name: "nodemailer sends a mail over a connection, and starts TLS of node:tls on it",
  async run(): Promise<void> {
    const { default: nodemailer } = await load<Nodemailer>("nodemailer");
    await using server = startExample("starttls_smtp", ["--port", "0"]);
    const connection = toNodeStream(await openConnection({ port: await server.port() }));
    const mailer = nodemailer.createTransport({
      connection,
      requireTLS: true,
      tls: { ca, servername: "localhost" },
    });
    const mail = { from: "a@example.com", to: "b@example.com", text: "x\n".repeat(50_000) };
    assertEquals((await mailer.sendMail(mail)).accepted, ["b@example.com"]);
    mailer.close();
    if (!connection.closed) await new Promise((resolve) => void connection.once("close", resolve));
  },
});
