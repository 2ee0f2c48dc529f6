/** A broker of MQTT 3.1.1: QoS 0 and 1, wildcards, retained messages, wills, keep-alive. */
import { type Bytes, idleTimeout, startServer, type StreamConnection } from "@sluice/net";
import { setIdleTimeout } from "@sluice/net/layers";
import type { StreamReader, StreamServer } from "@sluice/net/streams";

const MAX_PACKET = 1_048_576;
const [CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK] = [1, 2, 3, 4, 8, 9];
const [UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT] = [10, 11, 12, 13, 14];

interface Message {
  readonly topic: string;
  readonly payload: Bytes;
  readonly qos: number;
  readonly isRetained: boolean;
}

/** The fields of a packet, in their order. */
class Fields {
  readonly type: number;
  readonly flags: number;
  readonly #bytes: Bytes;
  #at = 0;

  constructor(head: number, bytes: Bytes) {
    this.type = head >> 4;
    this.flags = head & 15;
    this.#bytes = bytes;
  }

  /** Reads a packet; `null` at the end of the data. */
  static async read(reader: StreamReader): Promise<Fields | null> {
    if ((await reader.peek(1)).length === 0) return null;
    const head = await reader.readUint8();
    let length = 0;
    for (let factor = 1;; factor *= 128) {
      const byte = await reader.readUint8();
      length += (byte & 127) * factor;
      if (length > MAX_PACKET) throw new RangeError(`The packet has ${length} bytes`);
      if (byte < 128) return new Fields(head, await reader.readexactly(length));
    }
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  short(): number {
    return this.byte() * 256 + this.byte();
  }

  bytes(length = this.#bytes.length - this.#at): Bytes {
    return this.#bytes.slice(this.#at, this.#at += length);
  }

  text(): string {
    return new TextDecoder("utf-8", { fatal: true }).decode(this.bytes(this.short()));
  }
}

function packet(
  type: number,
  flags: number,
  ...parts: readonly (readonly number[] | Bytes)[]
): Bytes {
  const body = parts.flatMap((part) => [...part]);
  const length: number[] = [];
  for (let left = body.length; length.length === 0 || left > 0; left = left >> 7) {
    length.push(left % 128 | (left > 127 ? 128 : 0));
  }
  return new Uint8Array([type << 4 | flags, ...length, ...body]);
}

function short(number: number): number[] {
  return [number >> 8, number & 255];
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [...short(bytes.length), ...bytes];
}

/** Whether a topic is one that a filter with `+` and `#` means. */
export function matches(filter: string, topic: string): boolean {
  const [wanted, parts] = [filter.split("/"), topic.split("/")];
  if (topic.startsWith("$") && /^[+#]/.test(filter)) return false;
  const isMatch = (part: string, i: number) => part === "+" ? i < parts.length : part === parts[i];
  if (wanted.at(-1) !== "#") return wanted.length === parts.length && wanted.every(isMatch);
  return wanted.slice(0, -1).every(isMatch);
}

class Broker {
  readonly #clients = new Map<string, Client>();
  readonly #retained = new Map<string, Message>();

  add(client: Client): void {
    this.#clients.get(client.id)?.end();
    this.#clients.set(client.id, client);
  }

  remove(client: Client): void {
    if (this.#clients.get(client.id) === client) this.#clients.delete(client.id);
    if (client.will !== null) this.publish(client.will);
  }

  publish(message: Message): void {
    if (message.isRetained && message.payload.length === 0) this.#retained.delete(message.topic);
    else if (message.isRetained) this.#retained.set(message.topic, message);
    for (const client of this.#clients.values()) client.deliver({ ...message, isRetained: false });
  }

  retained(filter: string): Message[] {
    return [...this.#retained.values()].filter(({ topic }) => matches(filter, topic));
  }
}

class Client {
  readonly id: string;
  will: Message | null;
  readonly #connection: StreamConnection;
  readonly #filters = new Map<string, number>();
  #packetId = 0;

  constructor(connection: StreamConnection, id: string, will: Message | null) {
    this.#connection = connection;
    this.id = id;
    this.will = will;
  }

  end(): void {
    this.#connection.transport.abort();
  }

  deliver(message: Message, filter?: string): void {
    for (const [own, granted] of this.#filters) {
      if (filter === undefined ? !matches(own, message.topic) : own !== filter) continue;
      const qos = Math.min(granted, message.qos);
      const id = qos === 0 ? [] : short(this.#packetId = this.#packetId % 65_535 + 1);
      const flags = qos << 1 | Number(message.isRetained);
      const { writer } = this.#connection;
      return void writer.write(packet(PUBLISH, flags, text(message.topic), id, message.payload));
    }
  }

  /** Serves the packets after CONNECT. */
  async serve(broker: Broker): Promise<void> {
    const { reader, writer } = this.#connection;
    for (let next = await Fields.read(reader); next !== null; next = await Fields.read(reader)) {
      if (next.type === DISCONNECT) this.will = null;
      if (next.type === DISCONNECT) return;
      if (next.type === PINGREQ) writer.write(packet(PINGRESP, 0));
      else if (next.type === PUBLISH) this.#receive(next, broker);
      else if (next.type === SUBSCRIBE) this.#subscribe(next, broker);
      else if (next.type === UNSUBSCRIBE) this.#unsubscribe(next);
      else if (next.type !== PUBACK) throw new TypeError(`There is no packet ${next.type}`);
      await writer.drain();
    }
  }

  #receive(fields: Fields, broker: Broker): void {
    const topic = fields.text();
    const qos = fields.flags >> 1 & 3;
    if (qos > 1 || /[+#]/.test(topic)) throw new RangeError("Cannot publish that");
    if (qos === 1) this.#connection.writer.write(packet(PUBACK, 0, short(fields.short())));
    const isRetained = (fields.flags & 1) === 1;
    broker.publish({ topic, payload: fields.bytes(), qos, isRetained });
  }

  #subscribe(fields: Fields, broker: Broker): void {
    const id = fields.short();
    const granted: [string, number][] = [];
    while (!fields.isAtEnd) granted.push([fields.text(), Math.min(1, fields.byte())]);
    for (const [filter, qos] of granted) this.#filters.set(filter, qos);
    const codes = granted.map(([, qos]) => qos);
    this.#connection.writer.write(packet(SUBACK, 0, short(id), codes));
    for (const [filter] of granted) {
      for (const message of broker.retained(filter)) this.deliver(message, filter);
    }
  }

  #unsubscribe(fields: Fields): void {
    const id = fields.short();
    while (!fields.isAtEnd) this.#filters.delete(fields.text());
    this.#connection.writer.write(packet(UNSUBACK, 0, short(id)));
  }
}

/** Reads CONNECT; `null` if the client is refused. */
async function connect(connection: StreamConnection): Promise<Client | null> {
  const fields = await Fields.read(connection.reader);
  if (fields?.type !== CONNECT) return null;
  const [name, level, flags, keepAlive] = [
    fields.text(),
    fields.byte(),
    fields.byte(),
    fields.short(),
  ];
  if (name !== "MQTT" || level !== 4) {
    // MQTT 5 has its own refusal.
    const refusal = level === 5 ? [0, 0x84, 0] : [0, 1];
    connection.writer.write(packet(CONNACK, 0, refusal));
    return null;
  }
  const id = fields.text() || crypto.randomUUID();
  const will = (flags & 4) === 0 ? null : {
    topic: fields.text(),
    payload: fields.bytes(fields.short()),
    qos: Math.min(1, flags >> 3 & 3),
    isRetained: (flags & 32) !== 0,
  };
  setIdleTimeout(connection.transport, keepAlive === 0 ? Infinity : 1500 * keepAlive);
  connection.writer.write(packet(CONNACK, 0, [0, 0]));
  return new Client(connection, id, will);
}

/** Serves a broker. */
export function serveMqtt(port: number): Promise<StreamServer> {
  const broker = new Broker();
  return startServer(async (connection) => {
    const client = await connect(connection);
    if (client === null) return;
    broker.add(client);
    try {
      await client.serve(broker);
    } finally {
      broker.remove(client);
    }
  }, { port, layers: [idleTimeout({ timeout: 10_000, count: "received" })] });
}

if (import.meta.main) {
  const server = await serveMqtt(1883);
  await server.serveUntilSignal();
}
