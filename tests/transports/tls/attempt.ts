import { type ConnectOptions, createConnection } from "../../../transports/create_connection.ts";
import { createServer } from "../../../transports/create_server.ts";
import type { Server } from "../../../transports/servers/server.ts";
import type { TlsOptions } from "../../../transports/tls/tls_options.ts";
import { Echo } from "../../support/peers/echo.ts";

/** A server that echoes, and what it reported. */
export interface EchoServer extends AsyncDisposable {
  readonly server: Server;
  /** The reports, in order. */
  readonly reported: Error[];
  /** Resolves when so many were reported. */
  untilReported(count: number): Promise<void>;
}

/** Starts an echo server with TLS. */
export async function echoServer(tls: TlsOptions): Promise<EchoServer> {
  const reported: Error[] = [];
  let changed = Promise.withResolvers<void>();
  const server = await createServer(() => new Echo(), {
    port: 0,
    tls,
    onError: (error) => {
      reported.push(error);
      changed.resolve();
      changed = Promise.withResolvers();
    },
  });
  return {
    server,
    reported,
    async untilReported(count): Promise<void> {
      while (reported.length < count) await changed.promise;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await server.shutdown({ grace: 0 });
    },
  };
}

/** The failure of connecting; fails if there is none. */
export async function failureOf(options: ConnectOptions): Promise<Error> {
  const lost = Promise.withResolvers<Error | null>();
  try {
    await createConnection(() => ({ connectionLost: lost.resolve }), options);
  } catch (error) {
    if (error instanceof Error) return error;
  }
  // A server may refuse a client after the client's handshake.
  const error = await lost.promise;
  if (error === null) throw new Error("The connection ended in good order");
  return error;
}

/** Says hello and gives back what came, then closes. */
export async function hello(options: ConnectOptions): Promise<string> {
  const answer = Promise.withResolvers<string>();
  const { transport } = await createConnection(() => ({
    dataReceived: (chunk) => answer.resolve(new TextDecoder().decode(chunk)),
    connectionLost: (error) => answer.reject(error ?? new Error("Ended without an answer")),
  }), options);
  transport.write("hello");
  const text = await answer.promise;
  transport.close();
  await transport.closed;
  return text;
}
