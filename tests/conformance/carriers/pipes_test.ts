import type { AnyProtocol } from "../../../protocols/contract.ts";
import type { MakeTransportPair } from "../../../testing/make_transport_pair.ts";
import { testTransport } from "../../../testing/test_transport.ts";
import { FileInput, FileOutput } from "../../../transports/carriers/pipes/file_pipe.ts";
import { PipeCarrier } from "../../../transports/carriers/pipes/pipe_carrier.ts";
import { connectCarrier, type Connected } from "../../../transports/core/connect_carrier.ts";
import { Fifo } from "../../support/places/fifo.ts";

/** Tells when no write is under way: one goes on after an abort until the reader is gone. */
class WatchedOutput extends FileOutput {
  readonly #writes = new Set<Promise<number>>();

  override write(bytes: Uint8Array): Promise<number> {
    const written = super.write(bytes);
    this.#writes.add(written);
    const forget = (): void => void this.#writes.delete(written);
    written.then(forget, forget);
    return written;
  }

  async idle(): Promise<void> {
    while (this.#writes.size > 0) await Promise.allSettled(this.#writes);
  }
}

/** Two FIFOs, each read by one end and written by the other. */
const fifoPair: MakeTransportPair = async (factoryA, factoryB, options) => {
  using there = new Fifo();
  using back = new Fifo();
  const outputs: WatchedOutput[] = [];
  const connect = async (
    factory: () => AnyProtocol,
    incoming: Fifo,
    outgoing: Fifo,
  ): Promise<Connected<AnyProtocol>> => {
    const [readable, writable] = await Promise.all([
      Deno.open(incoming.path, { read: true }),
      Deno.open(outgoing.path, { write: true }),
    ]);
    const output = new WatchedOutput(writable);
    outputs.push(output);
    const pipes = { input: new FileInput(readable), output };
    return await connectCarrier(factory, new PipeCarrier(pipes), options);
  };
  const [a, b] = await Promise.all([
    connect(factoryA, back, there),
    connect(factoryB, there, back),
  ]);
  return [a, b, () => Promise.all(outputs.map((output) => output.idle()))];
};

if (Deno.build.os !== "windows") testTransport(fifoPair, { name: "FIFO" });
