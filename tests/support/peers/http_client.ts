import { HttpService } from "../../../node/mod.ts";
import { StreamConnection } from "../../../streams/stream_connection.ts";
import { memoryTransportPair } from "../../../transports/memory_transport_pair.ts";
import { decode } from "../text.ts";

type Handler = ConstructorParameters<typeof HttpService>[0];
/** Options of a service. */
export type Options = ConstructorParameters<typeof HttpService>[1];

/** A client of a service in memory. */
export class HttpClient implements AsyncDisposable {
  readonly service: HttpService;
  readonly connection: StreamConnection;
  readonly served: Promise<void>;

  private constructor(service: HttpService, connection: StreamConnection, served: Promise<void>) {
    this.service = service;
    this.connection = connection;
    this.served = served;
  }

  static async of(handler: Handler, options?: Options): Promise<HttpClient> {
    const service = new HttpService(handler, options);
    const [a, b] = await memoryTransportPair(() => ({}), () => ({}));
    return new HttpClient(service, StreamConnection.over(a.transport), service.serve(b.transport));
  }

  /** Sends a request, without a body unless one is given. */
  send(line: string, ...rest: string[]): void {
    this.connection.writer.write([line, "host: test.example", ...rest].join("\r\n") + "\r\n\r\n");
  }

  /** Reads a head, in lower case. */
  async head(): Promise<string> {
    return decode(await this.connection.reader.readuntil("\r\n\r\n")).toLowerCase();
  }

  /** Reads an answer with a length. */
  async answer(): Promise<string> {
    const head = await this.head();
    const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0);
    const body = decode(await this.connection.reader.readexactly(length));
    return `${head.slice(9, 12)} ${body}`;
  }

  /** All that comes until the end. */
  async rest(): Promise<string> {
    return decode(await this.connection.reader.read());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.transport.abort();
    await this.served;
  }
}
