/**
 * Options that cannot be meant, as callers without types give them, to everything that takes
 * options: each is
 * refused before anything is opened, by an error that names the option and the value.
 */
import { assert, assertInstanceOf, assertMatch, assertRejects, assertThrows } from "@std/assert";
import * as testing from "@sluice/net/testing";
import * as sluice from "../../docs/all_entries.ts";

type Kind = typeof TypeError | typeof RangeError;

/** A wrong value, the kind of error, and a part of its text. */
type Wrong = [options: unknown, kind: Kind, text: string];

// As a program without types sees it: everything takes anything.
// deno-lint-ignore no-explicit-any -- that is the point
const net: any = { ...sluice, ...testing };

const factory = () => ({});
const never = { opens: () => Promise.reject(new Error("It was opened")) };

/** A carrier that must not be touched. */
const untouched = {
  source: {},
  write: never.opens,
  close: () => {},
  getExtraInfo: () => undefined,
};

const CALLS: Record<string, (options: unknown) => unknown> = {
  createConnection: (options) => net.createConnection(factory, options),
  createUnixConnection: (options) => net.createUnixConnection(factory, options),
  createServer: (options) => net.createServer(factory, options),
  createUnixServer: (options) => net.createUnixServer(factory, options),
  openConnection: (options) => net.openConnection(options),
  startServer: (options) => net.startServer(() => {}, options),
  connectAcceptedSocket: (options) => net.connectAcceptedSocket(factory, {}, options),
  connectStreams: (options) => net.connectStreams(factory, {}, options),
  connectCarrier: (options) => net.connectCarrier(factory, untouched, options),
  connectMessagePort: (options) => net.connectMessagePort(factory, {}, options),
  connectStdio: (options) => net.connectStdio(factory, options),
  connectWebSocket: (options) => net.connectWebSocket(factory, "ws://127.0.0.1:1", options),
  connectProcess: (options) => net.connectProcess(factory, "nothing", options),
  memoryTransportPair: (options) => net.memoryTransportPair(factory, factory, options),
  startTls: (options) => net.startTls({}, {}, options),
  insertLayer: (options) => net.insertLayer({}, () => ({}), options),
  tlsLayer: (options) => net.tlsLayer(options),
  idleTimeout: (options) => net.idleTimeout(options),
  writeStallTimeout: (options) => net.writeStallTimeout(options),
  minimumRate: (options) => net.minimumRate(options),
  throttle: (options) => net.throttle(options),
  TokenBucket: (options) => new net.TokenBucket(options),
  logging: (options) => net.logging(options),
  counters: (options) => net.counters(options),
  compression: (options) => net.compression(options),
  proxyProtocol: (options) => net.proxyProtocol(options),
  sendProxyProtocol: (options) => net.sendProxyProtocol(options),
  Capture: (options) => new net.Capture(() => {}, options),
  StreamReader: (options) => new net.StreamReader(options),
  "StreamConnection.over": (options) => net.StreamConnection.over({}, options),
  relay: (options) => net.relay({}, {}, options),
  framed: (options) => net.framed({}, net.lineCodec(), options),
  decoderStream: (options) => net.decoderStream(net.lineCodec(), options),
  "TaskGroup.run": (options) => net.TaskGroup.run(() => {}, options),
  "StreamReader.readline": (options) => new net.StreamReader().readline(options),
  "StreamReader.readexactly": (options) => new net.StreamReader().readexactly(1, options),
  "FramedProtocol.drain": (options) => new net.FramedProtocol(net.lineCodec()).drain(options),
  createDatagramEndpoint: (options) => net.createDatagramEndpoint(factory, options),
  openDatagrams: (options) => net.openDatagrams(options),
  "DatagramSocket.over": (options) => net.DatagramSocket.over({}, options),
  framedDatagrams: (options) => net.framedDatagrams({}, () => net.lineCodec(), options),
  subprocessExec: (options) => net.subprocessExec(factory, "nothing", options),
  createSubprocessExec: (options) => net.createSubprocessExec("nothing", options),
  connectReadPipe: (options) => net.connectReadPipe(factory, "/nothing", options),
  connectWritePipe: (options) => net.connectWritePipe(factory, "/nothing", options),
  lineCodec: (options) => net.lineCodec(options),
  delimiterCodec: (options) => net.delimiterCodec(";", options),
  jsonLinesCodec: (options) => net.jsonLinesCodec(options),
  lengthFieldCodec: (options) => net.lengthFieldCodec(options),
  varintLengthCodec: (options) => net.varintLengthCodec(options),
  contentLengthCodec: (options) => net.contentLengthCodec(options),
  netstringCodec: (options) => net.netstringCodec(options),
  slipCodec: (options) => net.slipCodec(options),
  cobsCodec: (options) => net.cobsCodec(options),
  "Transport.setWriteBufferLimits": (options) =>
    new net.RecordingTransport({}).setWriteBufferLimits(options),
  RecordingTransport: (options) => new net.RecordingTransport({}, options),
  "RecordingProtocol.until": (options) =>
    new net.RecordingProtocol().until("connectionMade", options),
  "RecordingProtocol.untilReceived": (options) =>
    new net.RecordingProtocol().untilReceived(1, options),
  assertCodec: (options) => net.assertCodec(() => net.lineCodec(), [], options),
  testTransport: (options) => net.testTransport(never.opens, options),
  testDatagramEndpoint: (options) => net.testDatagramEndpoint(never.opens, options),
  replayCapture: (options) => net.replayCapture({}, { chunks: [] }, options),
};

/** The options that must be given. */
const REQUIRED: Record<string, object> = {
  idleTimeout: { timeout: 1 },
  writeStallTimeout: { timeout: 1 },
  minimumRate: { rate: 1 },
  TokenBucket: { rate: 1 },
  compression: { format: "gzip" },
};

async function errorOf(name: string, options: unknown): Promise<Error> {
  const call = CALLS[name];
  assert(call !== undefined);
  return await assertRejects(async () => void (await call(options)), Error);
}

for (const name of Object.keys(CALLS)) {
  Deno.test(`${name}() refuses options that are not an object, and unknown options`, async () => {
    for (const wrong of [60, "hex", null, true, [], () => {}]) {
      const error = await errorOf(name, wrong);
      assertInstanceOf(error, TypeError, `${name}(${String(wrong)})`);
      assertMatch(error.message, /^Cannot .* is not an object with options such as \{ \w/);
    }
    const error = await errorOf(name, { ...REQUIRED[name], noSuchOptionAtAll: 1 });
    assertInstanceOf(error, TypeError);
    assertMatch(error.message, /^Cannot .*: there is no option "noSuchOptionAtAll"; /);
  });
}

/** The values that each option refuses, wherever it is an option. */
const OPTIONS: Record<string, { in: readonly string[]; rest?: object; wrong: readonly Wrong[] }> = {
  limits: {
    in: ["Transport.setWriteBufferLimits"],
    wrong: [
      [{ high: "64k" }, TypeError, 'high "64k" is not a number of bytes'],
      [{ low: -1 }, RangeError, "low -1 is not a size"],
      [{ high: 1, low: 2 }, RangeError, "high (1) must be >= low (2)"],
      [{ hi: 1 }, TypeError, 'no option "hi"; the options are high, low'],
    ],
  },
  batteries: {
    in: ["testTransport", "testDatagramEndpoint"],
    wrong: [
      [{ gaps: ["halfclose"] }, TypeError, 'gaps[0] "halfclose" is not one of'],
      [{ caseTimeout: 0 }, RangeError, "caseTimeout 0 is not a time above 0 ms"],
      [{ test: "Deno.test" }, TypeError, 'test "Deno.test" is not a function'],
      [{ name: 7 }, TypeError, "name 7 is not a string"],
    ],
  },
  seeds: {
    in: ["assertCodec", "testTransport"],
    wrong: [[{ seed: "one" }, TypeError, 'seed "one" is not a number']],
  },
  codecs: {
    in: ["assertCodec"],
    wrong: [
      [{ rounds: -1 }, RangeError, "rounds -1 is not a whole number of at least 0"],
      [{ limit: {} }, TypeError, "limit.makeCodec is missing"],
    ],
  },
  recorders: {
    in: ["RecordingProtocol.until"],
    wrong: [[{ count: 0 }, RangeError, "count 0 is not a whole number of at least 1"]],
  },
  replays: {
    in: ["replayCapture"],
    wrong: [[{ direction: "both" }, TypeError, 'direction "both" is not one of']],
  },
  transport: {
    in: [
      "createConnection",
      "createServer",
      "openConnection",
      "startServer",
      "connectAcceptedSocket",
      "connectStreams",
      "connectCarrier",
      "connectMessagePort",
      "connectStdio",
      "connectWebSocket",
      "connectProcess",
      "memoryTransportPair",
      "insertLayer",
    ],
    wrong: [
      [{ layers: () => ({}) }, TypeError, "is not a list; write layers: [ … ]"],
      [{ layers: {} }, TypeError, "layers an object is not a list"],
      [{ layers: [5] }, TypeError, "layers[0] 5 is not a layer"],
      [{ layers: [() => ({}), undefined] }, TypeError, "layers[1] undefined is not a layer"],
      [{ layers: [class Mine {}] }, TypeError, "is a class; give (upper, options) => new Mine"],
      [{ onError: "log" }, TypeError, 'onError "log" is not a function'],
      [{ maxWriteBuffer: "64k" }, TypeError, 'maxWriteBuffer "64k" is not a number of bytes'],
      [{ maxWriteBuffer: NaN }, RangeError, "maxWriteBuffer NaN is not a size"],
      [{ writeBufferLimits: 5 }, TypeError, "writeBufferLimits 5 is not an object"],
      [{ writeBufferLimits: { high: -1 } }, RangeError, "writeBufferLimits.high -1 is not a size"],
      [
        { writeBufferLimits: { hi: 1 } },
        TypeError,
        'no option "writeBufferLimits.hi"; the options are high, low',
      ],
      [
        { maxWriteBufer: 1 },
        TypeError,
        'no option "maxWriteBufer"; did you mean "maxWriteBuffer"?',
      ],
    ],
  },
  place: {
    in: ["createConnection", "createServer", "openConnection", "startServer"],
    wrong: [
      [{ host: "0.0.0.0", port: 1 }, TypeError, 'no option "host"; did you mean "hostname"?'],
      [{ reuse_port: true, port: 1 }, TypeError, 'no option "reuse_port"'],
      [{ ssl: {}, port: 1 }, TypeError, 'no option "ssl"; did you mean "tls"?'],
      [{ port: "80" }, TypeError, 'port "80" is not a number; give 80'],
      [{ port: 70_000 }, RangeError, "port 70000 is not in "],
      [{ port: 80n }, TypeError, "port 80n is not a number"],
      [{ hostname: 127, port: 1 }, TypeError, "hostname 127 is not a string"],
      [
        { hostname: "http://localhost/x", port: 1 },
        TypeError,
        'is a URL; give hostname "localhost"',
      ],
      [
        { hostname: "localhost:80", port: 1 },
        TypeError,
        'has a port; give hostname "localhost" and port 80',
      ],
      [{ hostname: "", port: 1 }, TypeError, 'hostname "" is empty'],
      [{ hostname: "a b", port: 1 }, TypeError, 'hostname "a b" is not the name of a host'],
      [{ path: 5 }, TypeError, "path 5 is not a string"],
      [{ path: "x\0y" }, TypeError, "holds a NUL"],
      [{ path: "x".repeat(200) }, RangeError, `path "${"x".repeat(200)}" has 200 bytes, at most `],
      [{ port: 1, noDelay: 1 }, TypeError, "noDelay 1 is neither true nor false"],
      [{ port: 1, keepAlive: "yes" }, TypeError, 'keepAlive "yes" is neither true nor false'],
      [{ port: 1, network: {} }, TypeError, "network an object is not a Network"],
      [{ port: 1, tls: "yes" }, TypeError, 'tls "yes" is not true or an object'],
      [{ port: 1, tls: false }, TypeError, "tls false is not true or an object"],
      [{ port: 1, tls: { certFile: "x" } }, TypeError, 'no option "certFile"'],
      [{ port: 1, tls: { caCerts: "pem" } }, TypeError, 'caCerts "pem" is not a list'],
      [
        { port: 1, tls: { alpnProtocols: ["h2", 5] } },
        TypeError,
        "alpnProtocols[1] 5 is not a",
      ],
      [
        { port: 1, tls: { handshakeTimeout: 0 } },
        RangeError,
        "handshakeTimeout 0 is not a time",
      ],
      [
        { port: 1, tls: { minVersion: "TLSv1" } },
        TypeError,
        'minVersion "TLSv1" is not one of',
      ],
    ],
  },
  server: {
    in: ["createServer", "startServer"],
    rest: { port: 0 },
    wrong: [
      [{ hostname: [] }, TypeError, "hostname is an empty list"],
      [
        { hostname: ["::1", "ws://x"] },
        TypeError,
        'hostname[1] "ws://x" is a URL; give hostname "x"',
      ],
      [{ backlog: 1.5 }, RangeError, "backlog 1.5 is not a whole number"],
      [{ maxConnections: "9" }, TypeError, 'maxConnections "9" is not a number'],
      [{ startServing: "no" }, TypeError, 'startServing "no" is neither true nor false'],
      [{ maxConections: 9 }, TypeError, 'did you mean "maxConnections"?'],
    ],
  },
  streams: {
    in: ["openConnection", "startServer", "StreamReader", "StreamConnection.over"],
    wrong: [
      [{ limit: 0 }, RangeError, "limit 0 is not above 0 bytes"],
      [{ limit: "1k" }, TypeError, 'limit "1k" is not a number'],
    ],
  },
  signal: {
    in: [
      "createConnection",
      "openConnection",
      "connectWebSocket",
      "relay",
      "TaskGroup.run",
      "StreamReader.readline",
      "StreamReader.readexactly",
      "FramedProtocol.drain",
    ],
    wrong: [[
      { signal: new AbortController() },
      TypeError,
      "signal of class AbortController is not an",
    ]],
  },
  reads: {
    in: ["StreamReader.readline", "StreamReader.readexactly", "FramedProtocol.drain"],
    wrong: [
      [
        { deadline: 5 },
        TypeError,
        'there is no option "deadline"; the options are signal, timeout',
      ],
      [{ timeout: "5" }, TypeError, 'timeout "5" is not a number of milliseconds'],
      [
        { timeout: 0 },
        RangeError,
        "timeout 0 is not a time above 0 ms; give Infinity for no limit",
      ],
    ],
  },
  timeout: {
    in: ["idleTimeout", "writeStallTimeout"],
    wrong: [
      [{}, TypeError, "timeout is missing"],
      [{ timeout: undefined }, TypeError, "timeout is missing"],
      [{ timeout: "60" }, TypeError, 'timeout "60" is not a number of milliseconds'],
      [{ timeout: 0 }, RangeError, "timeout 0 is not a time above 0 ms"],
      [{ timeout: 1, clock: Date }, TypeError, "clock function Date is not a Clock"],
      [{ timout: 1 }, TypeError, 'there is no option "timout"; did you mean "timeout"?'],
    ],
  },
  maxLength: {
    in: [
      "lineCodec",
      "delimiterCodec",
      "jsonLinesCodec",
      "lengthFieldCodec",
      "varintLengthCodec",
      "contentLengthCodec",
      "netstringCodec",
      "slipCodec",
      "cobsCodec",
    ],
    wrong: [
      [{ maxLength: 0 }, RangeError, "maxLength 0 is not a whole number of at least 1"],
      [{ maxLength: "10" }, TypeError, 'maxLength "10" is not a number'],
      [{ maxlenght: 1 }, TypeError, 'did you mean "maxLength"?'],
    ],
  },
};

const ONE_BY_ONE: Record<string, readonly Wrong[]> = {
  createConnection: [
    [{ port: 1, connectTimeout: "5s" }, TypeError, 'connectTimeout "5s" is not a number of milli'],
    [{ port: 1, happyEyeballsDelay: -1 }, RangeError, "happyEyeballsDelay -1 is not a time"],
  ],
  connectWebSocket: [
    [{ subprotocols: "mqtt" }, TypeError, 'subprotocols "mqtt" is not a list'],
    [{ maxReadBuffer: 0 }, RangeError, "maxReadBuffer 0 is not a size in bytes of at least 1"],
  ],
  memoryTransportPair: [[{ names: ["a", 5] }, TypeError, "names[1] 5 is not a string"]],
  connectProcess: [[{ exitTimeout: -1 }, RangeError, "exitTimeout -1 is not a time"]],
  startTls: [
    [{ strict: "yes" }, TypeError, 'strict "yes" is neither'],
    [{ transport: { layers: 5 } }, TypeError, "transport.layers 5 is not a list"],
  ],
  minimumRate: [
    [{}, TypeError, "rate is missing"],
    [{ rate: "1k" }, TypeError, 'rate "1k" is not a number'],
    [{ rate: 1, window: NaN }, RangeError, "window NaN is not a time above 0 ms"],
  ],
  throttle: [
    [{ send: 1000 }, TypeError, "send 1000 is not an object with options such as { rate }"],
    [{ receive: {} }, TypeError, "receive.rate is missing"],
  ],
  logging: [
    [{ format: "xml" }, TypeError, 'format "xml" is not one of "text", "hex", "none"'],
    [{ sink: console }, TypeError, "is not a function"],
  ],
  counters: [[{ total: 5 }, TypeError, "total 5 is not a TrafficTotal"]],
  compression: [
    [{}, TypeError, "format is missing"],
    [{ format: "gzip", level: "9" }, TypeError, 'level "9" is not a number'],
    [{ format: "gzip", level: 10 }, RangeError, "level 10 of gzip is not in 0 to 9"],
  ],
  proxyProtocol: [
    [{ versions: [3] }, RangeError, "versions[0] 3 is not one of 1, 2"],
    [{ versions: [] }, TypeError, "versions is an empty list"],
    [{ headerTimeout: 0 }, RangeError, "headerTimeout 0 is not a time"],
  ],
  sendProxyProtocol: [
    [{ source: "192.0.2.1" }, TypeError, 'source "192.0.2.1" is not an address'],
    [{ command: "LOCAL" }, TypeError, 'command "LOCAL" is not one of'],
  ],
  Capture: [[
    { initialSequence: 2 ** 32 },
    RangeError,
    "initialSequence 4294967296 is not a whole",
  ]],
  relay: [[{ idleTimeout: "5m" }, TypeError, 'idleTimeout "5m" is not a number of milliseconds']],
  framed: [[{ onBadMessage: true }, TypeError, "onBadMessage true is not a function"]],
  lineCodec: [
    [{ ending: "\n" }, TypeError, 'ending "\\n" is not one of "either", "lf", "crlf"'],
    [{ as: "string" }, TypeError, 'as "string" is not one of "text", "bytes"'],
  ],
  lengthFieldCodec: [
    [{ lengthBytes: 5 }, RangeError, "lengthBytes 5 is not one of 1, 2, 3, 4, 8"],
    [{ littleEndian: 1 }, TypeError, "littleEndian 1 is neither"],
    [{ header: "abc" }, TypeError, 'header "abc" is not a Uint8Array'],
  ],
};

for (const [group, { in: names, rest = {}, wrong }] of Object.entries(OPTIONS)) {
  for (const name of names) {
    Deno.test(`${name}() refuses wrong options for ${group}`, async () => {
      for (const [options, kind, text] of wrong) {
        const error = await errorOf(name, { ...rest, ...options as object });
        assertInstanceOf(error, kind, `${error}`);
        assert(error.message.includes(text), `${error.message}\nlacks\n${text}`);
      }
    });
  }
}

for (const [name, wrong] of Object.entries(ONE_BY_ONE)) {
  Deno.test(`${name}() refuses invalid values of its own options`, async () => {
    for (const [options, kind, text] of wrong) {
      const error = await errorOf(name, options);
      assertInstanceOf(error, kind, `${error}`);
      assert(error.message.includes(text), `${error.message}\nlacks\n${text}`);
    }
  });
}

Deno.test("startServer() explains its argument to a handler with two parameters, as in asyncio", async () => {
  await assertRejects(
    // deno-lint-ignore no-unused-vars -- as it would be written
    () => net.startServer((reader: unknown, writer: unknown) => {}, { port: 0 }),
    TypeError,
    "write ({ reader, writer }) => … instead of (reader, writer) => …",
  );
  class Handler {}
  await assertRejects(() => net.startServer(Handler, { port: 0 }), TypeError, "Handler is a class");
});

Deno.test("Every function that takes a factory refuses a class and values that are not functions", async () => {
  class Echo {}
  const made: Record<string, (factory: unknown) => unknown> = {
    createConnection: (factory) => net.createConnection(factory, { port: 1 }),
    createServer: (factory) => net.createServer(factory, { port: 0 }),
    connectAcceptedSocket: (factory) => net.connectAcceptedSocket(factory, {}),
    connectStreams: (factory) => net.connectStreams(factory, {}),
    connectCarrier: (factory) => net.connectCarrier(factory, untouched),
    connectMessagePort: (factory) => net.connectMessagePort(factory, {}),
    connectStdio: (factory) => net.connectStdio(factory),
    connectWebSocket: (factory) => net.connectWebSocket(factory, "ws://127.0.0.1:1"),
    connectProcess: (factory) => net.connectProcess(factory, "nothing"),
    memoryTransportPair: (factory) => net.memoryTransportPair(() => ({}), factory),
  };
  for (const call of Object.values(made)) {
    for (const [factory, text] of [[Echo, "() => new Echo()"], [5, "5 is not a function"]]) {
      const error = await assertRejects(async () => void (await call(factory)), TypeError);
      assert(error.message.includes(String(text)), error.message);
    }
  }
});

Deno.test("A layer that was not called in the list of layers is distinguished from options", () => {
  assertThrows(
    () => net.idleTimeout({ connectionMade: () => {} }),
    TypeError,
    "a protocol given instead of options; is a call missing in layers?",
  );
});

Deno.test("Layers that make no protocol are refused with TypeError", async () => {
  for (const [made, text] of [[undefined, "undefined"], [() => {}, "a function"]]) {
    await assertRejects(
      () => net.memoryTransportPair(factory, factory, { layers: [() => made] }),
      TypeError,
      `Cannot use protocol: a layer returned ${text}`,
    );
  }
  await assertRejects(
    () =>
      net.memoryTransportPair(factory, factory, { layers: [() => Promise.reject(new Error())] }),
    TypeError,
    "a layer returned a promise, it must not be async",
  );
});
