import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Bytes } from "../../../../protocols/bytes.ts";
import type { Transport } from "../../../../protocols/contract.ts";
import type { ProxyHeader } from "../../../../protocols/facts/proxy_header.ts";
import { ProxyProtocolError, ProxyProtocolTimeoutError } from "../../../../protocols/errors.ts";
import { Random } from "../../../../testing/conformance/random.ts";
import { RecordingProtocol } from "../../../../testing/recording/recording_protocol.ts";
import { createServer } from "../../../../transports/create_server.ts";
import { crc32c } from "../../../../transports/layers/capture/crc32c.ts";
import { formatProxyHeader } from "../../../../transports/layers/proxy/_format_proxy_header.ts";
import {
  proxyProtocol,
  type ProxyProtocolOptions,
  sendProxyProtocol,
  type SendProxyProtocolOptions,
} from "../../../../transports/layers/proxy/proxy_protocol.ts";
import { createConnection } from "../../../../transports/create_connection.ts";
import { memoryTransportPair } from "../../../../transports/memory_transport_pair.ts";
import { transformLayer } from "../../../../transports/stack/transform_layer.ts";
import { ReplacedClock } from "../../../support/time/replaced_clock.ts";
import { backgroundClock } from "../../../../transports/core/clock.ts";

const SOURCE = { transport: "tcp", hostname: "192.0.2.7", port: 50_000 } as const;
const DESTINATION = { transport: "tcp", hostname: "192.0.2.1", port: 443 } as const;

const encode = (text: string): Bytes => new TextEncoder().encode(text);
const hex = (text: string): Bytes => Uint8Array.fromHex(text.replaceAll(" ", ""));
const SIGNATURE = "0d0a0d0a000d0a515549540a";

/** The outcome of a connection that began with these bytes. */
interface Outcome {
  readonly header: ProxyHeader | null;
  readonly peername: unknown;
  readonly received: string;
  readonly errors: readonly Error[];
}

/**
 * Connects, sends pieces one after the other, ends, and tells what a server above the layer saw.
 */
async function send(
  pieces: readonly Uint8Array[],
  options: ProxyProtocolOptions = {},
): Promise<Outcome> {
  const errors: Error[] = [];
  const protocol = new RecordingProtocol();
  await using server = await createServer(() => protocol, {
    port: 0,
    layers: [proxyProtocol(options)],
    onError: (error) => void errors.push(error),
  });
  using conn = await Deno.connect({ port: server.port });
  conn.setNoDelay();
  try {
    for (const piece of pieces) await conn.write(piece);
    await conn.closeWrite();
    await readAll(conn);
  } catch (error) {
    // Bytes sent to a connection that was refused come back as a reset.
    assert(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe);
  }
  await server.shutdown();
  if (protocol.count("connectionMade") === 0) {
    return { header: null, peername: null, received: protocol.receivedText, errors };
  }
  return {
    header: protocol.transport.getExtraInfo("proxyHeader"),
    peername: protocol.transport.getExtraInfo("peername"),
    received: protocol.receivedText,
    errors,
  };
}

async function readAll(conn: Deno.Conn): Promise<void> {
  while (await conn.read(new Uint8Array(100)) !== null) continue;
}

/** The header that a client writes. */
async function written(options: SendProxyProtocolOptions): Promise<Bytes> {
  const protocol = new RecordingProtocol();
  await using server = await createServer(() => protocol, { port: 0 });
  const { transport } = await createConnection(() => ({}), {
    port: server.port,
    layers: [sendProxyProtocol(options)],
  });
  transport.close();
  await server.shutdown();
  return protocol.received;
}

Deno.test("crc32c() gives the check value of the standard", () => {
  assertEquals(crc32c(encode("123456789")), 0xe3069283);
});

Deno.test("proxyProtocol() reads version 1 over IPv4 and IPv6, and passes on what follows", async () => {
  const line = "PROXY TCP4 192.0.2.7 192.0.2.1 50000 443\r\nGET /";
  const outcome = await send([encode(line)]);
  assertEquals(outcome.received, "GET /");
  assertEquals(outcome.header, {
    version: 1,
    command: "proxy",
    source: SOURCE,
    destination: DESTINATION,
    tlvs: {},
  });
  assertEquals(outcome.peername, SOURCE);
  const { header } = await send([encode("PROXY TCP6 2001:DB8::1 ::ffff:1.2.3.4 0 65535\r\n")]);
  assertEquals(header?.source, { transport: "tcp", hostname: "2001:db8::1", port: 0 });
  assertEquals(header?.destination, {
    transport: "tcp",
    hostname: "::ffff:1.2.3.4",
    port: 65_535,
  });
});

Deno.test("proxyProtocol() keeps the connection's own addresses for UNKNOWN and LOCAL", async () => {
  const headers = [
    encode("PROXY UNKNOWN\r\n"),
    encode("PROXY UNKNOWN what ever 65536\r\n"),
    hex(`${SIGNATURE} 20 00 0000`),
    // The rest is to be ignored.
    hex(`${SIGNATURE} 20 ff 0005 ffffffffff`),
    hex(`${SIGNATURE} 21 00 0000`),
  ];
  for (const bytes of headers) {
    const { header, received, peername, errors } = await send([bytes, encode("x")]);
    assertEquals([header?.source, header?.destination, received, errors], [null, null, "x", []]);
    assert(peername !== null && typeof peername === "object");
    assertEquals("hostname" in peername && peername.hostname, "127.0.0.1");
  }
});

const TLVS = {
  alpn: "h2",
  authority: "exämple.org",
  uniqueId: new Uint8Array(128).fill(7),
  ssl: {
    isTls: true,
    hasCertificate: true,
    hasSessionCertificate: false,
    isVerified: true,
    version: "TLSv1.3",
    commonName: "client",
    cipher: "TLS_AES_128_GCM_SHA256",
    signatureAlgorithm: "SHA256",
    keyAlgorithm: "RSA2048",
    others: [{ type: 0x2f, value: new Uint8Array([1]) }],
  },
  netns: "blue",
  others: [{ type: 0xe0, value: new Uint8Array([1, 2, 3]) }, {
    type: 0xea,
    value: new Uint8Array(),
  }],
};

Deno.test("proxyProtocol() reads what sendProxyProtocol() wrote, under any split", async () => {
  const random = new Random(5);
  const ends = [
    [SOURCE, DESTINATION],
    [{ ...SOURCE, hostname: "2001:db8::7" }, { ...DESTINATION, hostname: "2001:db8::1" }],
    [{ transport: "unix", path: "/run/a.sock" }, { transport: "unix", path: "\0abstract" }],
  ] as const;
  for (const [source, destination] of ends) {
    const header = await written({ source, destination, tlvs: TLVS });
    const all = new Uint8Array([...header, ...encode("data")]);
    const splits = [
      [all],
      Array.from(all, (byte) => Uint8Array.of(byte)),
      [...random.split(all, 1, 60)],
    ];
    for (const pieces of splits) {
      const outcome = await send(pieces);
      assertEquals(outcome.errors, []);
      assertEquals(outcome.received, "data");
      const { crc32c: checksum, ...tlvs } = outcome.header?.tlvs ?? {};
      assert(typeof checksum === "number");
      assertEquals(tlvs, TLVS);
      assertEquals([outcome.header?.source, outcome.header?.destination], [source, destination]);
    }
  }
});

Deno.test("sendProxyProtocol() writes exactly what the specification says", async () => {
  const line = new TextDecoder().decode(
    await written({ version: 1, source: SOURCE, destination: DESTINATION }),
  );
  assertEquals(line, "PROXY TCP4 192.0.2.7 192.0.2.1 50000 443\r\n");
  const header = await written({ source: SOURCE, destination: DESTINATION, checksum: false });
  assertEquals(header.toHex(), `${SIGNATURE}2111000cc0000207c0000201c35001bb`);
  const local = await written({ command: "local", checksum: false });
  assertEquals(local.toHex(), `${SIGNATURE}20000000`);
  const unknown = await written({ version: 1, source: null });
  assertEquals(new TextDecoder().decode(unknown), "PROXY UNKNOWN\r\n");
});

Deno.test("getWriteBufferSize() does not count a header that waits to be sent", async () => {
  const encoding = Promise.withResolvers<void>();
  const slow = transformLayer(() => ({
    encode: (chunk) => encoding.promise.then(() => [chunk]),
    decode: (chunk) => chunk,
  }));
  const [{ transport }, peer] = await memoryTransportPair(
    () => ({}),
    () => new RecordingProtocol(),
    { layers: [slow, sendProxyProtocol()] },
  );
  assertEquals(transport.getWriteBufferSize(), 0);
  transport.write("seven b");
  assertEquals(transport.getWriteBufferSize(), 7);
  encoding.resolve();
  await peer.protocol.untilReceived(7);
  peer.transport.close();
  await Promise.all([transport.closed, peer.transport.closed]);
});

Deno.test("sendProxyProtocol() throws RangeError for facts that are too long", () => {
  const tooLong = [
    { uniqueId: new Uint8Array(129) },
    { authority: "x".repeat(65_536) },
    { alpn: "x".repeat(40_000), authority: "x".repeat(40_000) },
  ];
  for (const tlvs of tooLong) assertThrows(() => sendProxyProtocol({ tlvs }), RangeError);
});

Deno.test("proxyProtocol() and sendProxyProtocol() throw RangeError for invalid limits", () => {
  assertThrows(() => proxyProtocol({ headerTimeout: 0 }), RangeError);
  assertThrows(() => proxyProtocol({ maxLength: 0 }), RangeError);
});

const V2 = formatProxyHeader({
  command: "proxy",
  source: SOURCE,
  destination: DESTINATION,
  tlvs: { alpn: "h2" },
  hasChecksum: true,
});

/** `V2` with one byte changed. */
function changed(offset: number, value: number): Bytes {
  const bytes = V2.slice();
  bytes[offset] = value;
  return bytes;
}

const REFUSED: readonly [
  name: string,
  bytes: Bytes,
  what: RegExp,
  options?: ProxyProtocolOptions,
][] = [
  ["a request", encode("GET / HTTP/1.1\r\n\r\n"), /first bytes are not those of a header/],
  ["a ClientHello", hex("16030100"), /first bytes are not those of a header/],
  ["nothing at all", encode(""), /ended in the middle/],
  ["a line that is cut off", encode("PROXY TCP4 1.1.1.1"), /ended in the middle/],
  ["a header that is cut off", V2.slice(0, -1), /ended in the middle/],
  ["a signature that goes wrong", changed(11, 0), /first bytes are not those of a header/],
  ["a line of 108 bytes", encode(`PROXY UNKNOWN ${"x".repeat(92)}\r\n`), /longer than 107/],
  ["a line end without CR", encode("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n"), /CR LF/],
  ["another family", encode("PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n"), /family is "UDP4"/],
  ["an address of the wrong family", encode("PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n"), /no address/],
  ["an address with zeros in front", encode("PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n"), /no address/],
  ["a port above 65535", encode("PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n"), /no port/],
  ["a port with zeros in front", encode("PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n"), /no port/],
  ["a port that is missing", encode("PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n"), /two ports/],
  ["two spaces", encode("PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n"), /not have two addresses/],
  ["version 3", changed(12, 0x31), /version and command/],
  ["another command", changed(12, 0x22), /version and command/],
  ["a family that does not exist", changed(13, 0x41), /family of addresses/],
  ["a kind that does not exist", changed(13, 0x13), /kind of socket/],
  ["addresses that are cut off", hex(`${SIGNATURE} 21 11 0003 000000`), /addresses are cut off/],
  ["a fact that is cut off", hex(`${SIGNATURE} 21 00 0004 01 0005 00`), /fact is cut off/],
  ["a wrong checksum", changed(V2.length - 1, (V2.at(-1) ?? 0) ^ 1), /checksum is wrong/],
  ["a byte changed under the checksum", changed(20, 1), /checksum is wrong/],
  ["a unique id of 129 bytes", tlv(5, new Uint8Array(129)), /unique id/],
  ["a name that is no UTF-8", tlv(2, hex("ff")), /no UTF-8/],
  ["facts on TLS that are cut off", tlv(0x20, hex("0100")), /TLS are cut off/],
  ["a header above the limit", tlv(0xe0, new Uint8Array(78)), /97 bytes exceed the limit/, {
    maxLength: 96,
  }],
  [
    "version 1 where only 2 is allowed",
    encode("PROXY UNKNOWN\r\n"),
    /first bytes are not those of a header/,
    {
      versions: [2],
    },
  ],
  ["version 2 where only 1 is allowed", V2, /first bytes are not those of a header/, {
    versions: [1],
  }],
];

/** A header without addresses and with one fact. */
function tlv(type: number, value: Bytes): Bytes {
  const length = value.length + 3;
  const head = hex(`${SIGNATURE} 21 00`);
  return new Uint8Array([...head, length >> 8, length & 255, type, ...[0, value.length], ...value]);
}

for (const [name, bytes, what, options] of REFUSED) {
  Deno.test(`proxyProtocol() refuses ${name} with ProxyProtocolError, reported once`, async () => {
    const outcome = await send([bytes], options);
    assertEquals([outcome.header, outcome.received], [null, ""]);
    const [error, ...further] = outcome.errors;
    assert(error instanceof ProxyProtocolError, `${error}`);
    assert(what.test(error.message), error.message);
    assert(error.peer.startsWith("127.0.0.1:"), error.peer);
    assertEquals(further, []);
  });
}

Deno.test("proxyProtocol() allows a header of exactly maxLength and a line of exactly 107", async () => {
  const outcome = await send([tlv(0xe0, new Uint8Array(77))], { maxLength: 96 });
  assertEquals([outcome.errors.length, outcome.header?.version], [0, 2]);
  const line = await send([encode(`PROXY UNKNOWN ${"x".repeat(91)}\r\n`)]);
  assertEquals([line.errors.length, line.header?.version], [0, 1]);
});

Deno.test("proxyProtocol() closes a silent client, and serves the others", async () => {
  using clock = new ReplacedClock(backgroundClock);
  const reported = Promise.withResolvers<Error>();
  const made = Promise.withResolvers<Transport>();
  await using server = await createServer(
    () => ({ connectionMade: made.resolve }),
    {
      port: 0,
      layers: [proxyProtocol({ headerTimeout: 50 })],
      onError: (error) => reported.resolve(error),
    },
  );
  using silent = await Deno.connect({ port: server.port });
  await silent.write(encode("PROXY TCP4"));
  using other = await Deno.connect({ port: server.port });
  await other.write(encode("PROXY UNKNOWN\r\n"));
  // The silent one was accepted before it.
  const served = await made.promise;
  clock.advance(50);
  const error = await reported.promise;
  assert(error instanceof ProxyProtocolTimeoutError && error.timeoutMs === 50);
  // Either is how it looks from there.
  await silent.read(new Uint8Array(1)).catch((reason) =>
    assert(reason instanceof Deno.errors.ConnectionReset)
  );
  assertEquals(served.isClosing(), false);
});

Deno.test("proxyProtocol() refuses or reads each of 2000 headers with bytes changed", async () => {
  const random = new Random(11);
  const { HeaderFault, parseProxyHeader } = await import(
    "../../../../transports/layers/proxy/_parse_proxy_header.ts"
  );
  let refused = 0;
  for (let round = 0; round < 2000; round++) {
    const bytes = formatProxyHeader({
      command: "proxy",
      source: SOURCE,
      destination: DESTINATION,
      tlvs: TLVS,
      hasChecksum: false,
    });
    for (let i = 0; i < 3; i++) bytes[random.below(bytes.length)] = random.below(256);
    try {
      parseProxyHeader(bytes, [1, 2], 4096);
    } catch (error) {
      assert(error instanceof HeaderFault, `${error}`);
      refused++;
    }
  }
  assert(refused > 100, `${refused} refused`);
});
