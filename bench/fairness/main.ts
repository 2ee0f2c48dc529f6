/**
 * Fairness: how long slow clients wait for their answers beside one that pipelines lines as fast as
 * it can.
 *
 * `deno run -A bench/fairness/main.ts [--connections 200] [--rounds 5] [--spread 300] [FACE ...]`
 * prints a line for
 * each face. Needs python3 and Linux. `--connections 0` measures the fast client alone.
 *
 * @module
 */
import { parseArgs } from "node:util";
import {
  createServer,
  FramedProtocol,
  openConnection,
  relay,
  type Server,
  startServer,
  type StartServerOptions,
  type StreamConnection,
} from "../../mod.ts";
import { framed } from "../../streams/framing/framed_connection.ts";
import { transformLayer } from "../../transports/stack/transform_layer.ts";
import { lineCodec } from "../../protocols/codecs/line_codec.ts";
import { type Child, Children } from "../harness/children.ts";

const CERTIFICATES = new URL("../../examples/certificates/", import.meta.url);
const children = new Children();
const options: StartServerOptions = { port: 0, onError: () => {} };

async function answerLines({ reader, writer }: StreamConnection): Promise<void> {
  for await (const line of reader) {
    writer.write(line);
    await writer.drain();
  }
}

class Answering extends FramedProtocol<string> {
  override messageReceived(line: string): Promise<void> {
    this.send(line);
    return this.drain();
  }
}

/** Passes on line by line what comes in chunks. */
function slowStream(): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  return new TransformStream({
    transform(chunk, controller): void {
      for (let start = 0; start < chunk.length; start += 5) {
        controller.enqueue(chunk.slice(start, start + 5));
      }
    },
  });
}

const FACES: Record<string, (argument: string) => Promise<Server>> = {
  lines: () => startServer(answerLines, options),
  framed: () =>
    startServer(async (connection) => {
      const messages = framed(connection, lineCodec());
      for await (const message of messages) await messages.send(message);
    }, options),
  framedProtocol: () => createServer(() => new Answering(lineCodec()), options),
  readable: () =>
    startServer(
      ({ readable, writable }) => readable.pipeThrough(slowStream()).pipeTo(writable),
      options,
    ),
  relay: (port) =>
    startServer(async (connection) => {
      await relay(connection, await openConnection({ port: Number(port) }));
    }, options),
  layer: () =>
    startServer(answerLines, {
      ...options,
      layers: [transformLayer(() => ({ encode: (chunk) => chunk, decode: (chunk) => chunk }))],
    }),
  tls: () => {
    const read = (name: string) => Deno.readTextFileSync(new URL(name, CERTIFICATES));
    const tls = { cert: read("localhost.crt"), key: read("localhost.key") };
    return startServer(answerLines, { ...options, tls });
  },
};

async function serve(face: string, argument: string): Promise<void> {
  const server = await FACES[face]?.(argument);
  console.log(server?.port);
  await server?.serveForever();
}

/** A server of a face in a process of its own, and its port. */
async function start(face: string, argument = ""): Promise<[Child, string]> {
  const main = [import.meta.filename ?? "", "serve", face, argument];
  const server = children.start([Deno.execPath(), "run", "-A", "--no-check", ...main]);
  const { value: port = "" } = await server.lines.next();
  return [server, port];
}

async function measure(face: string, load: string[]): Promise<void> {
  const [upstream, port] = face === "relay" ? await start("readable") : [null, ""];
  const [server, ownPort] = await start(face, port);
  const authority = face === "tls" ? [new URL("ca.crt", CERTIFICATES).pathname] : [];
  const clients = new URL("clients.py", import.meta.url).pathname;
  const program = ["python3", clients, ownPort, ...load, `${server.pid}`, ...authority];
  console.log(face, await children.run(program));
  for (const child of [server, upstream]) await child?.[Symbol.asyncDispose]();
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    connections: { type: "string", default: "200" },
    rounds: { type: "string", default: "5" },
    spread: { type: "string", default: "300" },
  },
});
const [first = "", face = "", argument = ""] = positionals;
if (first === "serve") await serve(face, argument);
else {
  const load = [values.connections, values.rounds, values.spread];
  const chosen = positionals.length > 0 ? positionals : Object.keys(FACES);
  for (const one of chosen) await measure(one, load);
  Deno.exit();
}
