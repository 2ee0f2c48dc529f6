import { assert, assertEquals } from "@std/assert";
import type { Transport } from "../../../../protocols/contract.ts";
import { RecordingProtocol } from "../../../../testing/recording/recording_protocol.ts";
import { turn } from "../../../support/time/event_loop.ts";
import { tlsMemoryPair, tlsPair } from "../../../support/pairs/tls_pairs.ts";

/**
 * The most that both engines and what is between them may hold for a reader that is paused, in
 * bytes.
 */
const MOST = 1_048_576;
/** More than the kernel takes besides, in bytes. */
const ENDLESS = 67_108_864;
const PIECE = 65_536;
/** How many turns of the event loop nothing moves when the writer is stuck. */
const STILL_TURNS = 1000;
const PAIRS = { native: tlsPair("native", "native"), layer: tlsMemoryPair } as const;

/** Writes on as long as what is written leaves; resolves to how many bytes were written. */
async function writeUntilStuck(writer: Transport): Promise<number> {
  let sent = 0;
  let before = 0;
  for (let still = 0; still < STILL_TURNS && sent < ENDLESS; still++) {
    if (writer.getWriteBufferSize() === 0) {
      writer.write(new Uint8Array(PIECE));
      sent += PIECE;
      still = 0;
    }
    const left = writer.getWriteBufferSize();
    if (left !== before) still = 0;
    before = left;
    await turn();
  }
  return sent;
}

/** How many bytes the kernel holds of those that go from one end to the other, by its own word. */
async function heldByKernel(writer: Transport): Promise<number> {
  const own = portOf(writer, "sockname");
  const peer = portOf(writer, "peername");
  let held = 0;
  for (const line of (await Deno.readTextFile("/proc/net/tcp")).trim().split("\n").slice(1)) {
    // All in hexadecimal: number, address:port, address:port of the peer, state, unsent:unread, …
    const [, local = "", remote = "", , queues = ""] = line.trim().split(/\s+/);
    const [from, to] = [local, remote].map((end) => parseInt(end.split(":")[1] ?? "", 16));
    const [unsent = 0, unread = 0] = queues.split(":").map((digits) => parseInt(digits, 16));
    if (from === own && to === peer) held += unsent;
    if (from === peer && to === own) held += unread;
  }
  return held;
}

function portOf(transport: Transport, end: "sockname" | "peername"): number {
  const address = transport.getExtraInfo(end);
  assert(address !== null && "port" in address);
  return address.port;
}

for (const engine of ["native", "layer"] as const) {
  for (const reader of ["client", "server"] as const) {
    Deno.test({
      name: `A paused reader takes at most 1 MiB more (${engine}, the ${reader} reads)`,
      // How much the buffers of two sockets take varies by megabytes, and only Linux tells how much
      // it is.
      ignore: engine === "native" && Deno.build.os !== "linux",
      async fn(): Promise<void> {
        const protocols = [new RecordingProtocol(), new RecordingProtocol()] as const;
        const [a, b, end] = await PAIRS[engine](() => protocols[0], () => protocols[1], {});
        const ends = [a.transport, b.transport] as const;
        const [reading, writing] = reader === "client" ? ends : [b.transport, a.transport];
        reading.pauseReading();
        const sent = await writeUntilStuck(writing);
        const held = engine === "native" ? await heldByKernel(writing) : 0;
        assert(sent < ENDLESS, "nothing holds the writer back");
        assert(sent - held <= MOST, `${sent} bytes were taken, ${held} of them by the kernel`);
        assert(engine === "layer" || held > 0, "the reader leaves nothing to the kernel");
        assertEquals(protocols.map(({ receivedLength }) => receivedLength), [0, 0]);
        for (const transport of ends) transport.abort();
        await end?.();
      },
    });
  }
}
