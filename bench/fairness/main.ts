/**
 * Fairness: how long slow clients wait for their answers beside one that pipelines lines as fast as it can.
 *
 * `deno run -A bench/fairness/main.ts [--connections 200] [--rounds 5] [--spread 300] [FACE ...]` prints a line for
 * each face. Needs python3, Linux, and openssl for TLS. `--connections 0` measures the fast client alone.
 *
 * @module
 */
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
import { framed } from "../../streams/framing/framed.ts";
import { transformLayer } from "../../transports/stack/transform_layer.ts";
import { lineCodec } from "../../protocols/codecs/line_codec.ts";

const here = new URL(".", import.meta.url).pathname;
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
  tls: (folder) =>
    startServer(answerLines, {
      ...options,
      tls: {
        cert: Deno.readTextFileSync(`${folder}/cert.pem`),
        key: Deno.readTextFileSync(`${folder}/key.pem`),
      },
    }),
};

async function serve(face: string, argument: string): Promise<void> {
  const server = await FACES[face]?.(argument);
  console.log(server?.port);
  await server?.serveForever();
}

/** A server of a face in a process of its own, and its port. */
async function start(face: string, argument = ""): Promise<[Deno.ChildProcess, string]> {
  const server = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `${here}main.ts`, "serve", face, argument],
    stdout: "piped",
  }).spawn();
  const reader = server.stdout.getReader();
  const { value } = await reader.read();
  return [server, new TextDecoder().decode(value).trim()];
}

async function makeCertificate(folder: string): Promise<void> {
  const request = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1";
  const names = "-subj /CN=localhost -addext subjectAltName=DNS:localhost";
  const args = `${request} ${names} -keyout key.pem -out cert.pem`.split(" ");
  await new Deno.Command("openssl", { args, cwd: folder, stderr: "null" }).output();
}

async function measure(face: string, load: string[]): Promise<void> {
  const folder = await Deno.makeTempDir();
  if (face === "tls") await makeCertificate(folder);
  const [behind, port] = face === "relay" ? await start("readable") : [null, ""];
  const [server, ownPort] = await start(face, face === "relay" ? port : folder);
  const authority = face === "tls" ? [`${folder}/cert.pem`] : [];
  const { stdout } = await new Deno.Command("python3", {
    args: [`${here}clients.py`, ownPort, ...load, `${server.pid}`, ...authority],
  }).output();
  console.log(face, new TextDecoder().decode(stdout).trim());
  for (const child of [server, behind]) {
    child?.kill("SIGKILL");
    await child?.status;
  }
  await Deno.remove(folder, { recursive: true });
}

if (Deno.args[0] === "serve") await serve(Deno.args[1] ?? "", Deno.args[2] ?? "");
else {
  const load = { connections: "200", rounds: "5", spread: "300" };
  const faces: string[] = [];
  for (let args = [...Deno.args]; args.length > 0;) {
    const [word = "", value = ""] = args;
    const name = word.replace(/^--/, "");
    if (word.startsWith("--") && name in load) Object.assign(load, { [name]: value });
    else faces.push(word);
    args = args.slice(word.startsWith("--") ? 2 : 1);
  }
  const chosen = faces.length > 0 ? faces : Object.keys(FACES);
  for (const face of chosen) await measure(face, Object.values(load));
}
