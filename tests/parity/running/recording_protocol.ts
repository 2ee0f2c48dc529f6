import type { AnyProtocol, Transport } from "../../../protocols/contract.ts";
import { BaseProtocol } from "../../../protocols/base_protocol.ts";
import type { End } from "./end.ts";
import { showError } from "./lane.ts";
import type { ProtocolSpec } from "./scenario.ts";

/** An end that holds a transport. */
export interface TransportEnd extends End {
  /** Set by `connectionMade`. */
  transport: Transport | null;
}

/**
 * Records the callbacks common to both kinds of protocols, and reacts to the first call of each.
 */
class Recorder {
  readonly end: TransportEnd;
  readonly label: string | null;
  readonly spec: ProtocolSpec;
  readonly #reacted = new Set<string>();

  constructor(end: TransportEnd, label: string | null, spec: ProtocolSpec) {
    this.end = end;
    this.label = label;
    this.spec = spec;
  }

  record(callback: string, detail = ""): void {
    this.end.lane.record(this.#event(callback) + detail);
    this.react(callback);
  }

  recordBytes(callback: string, chunk: Uint8Array): void {
    this.end.lane.recordBytes(this.#event(callback), chunk);
    if (this.spec.echo) this.end.transport?.write(chunk);
    this.react(callback);
  }

  react(callback: string): void {
    if (this.#reacted.has(callback)) return;
    this.#reacted.add(callback);
    for (const [operation, ...args] of this.spec.on?.[callback] ?? []) {
      this.end.perform(operation, args);
    }
  }

  #event(callback: string): string {
    return this.label === null ? callback : `${this.label}.${callback}`;
  }
}

/** Records the callbacks that both kinds of protocols have. */
class RecordingBase extends BaseProtocol {
  protected readonly recorder: Recorder;

  constructor(recorder: Recorder) {
    super();
    this.recorder = recorder;
  }

  get label(): string {
    return this.recorder.label ?? "first";
  }

  override connectionMade(transport: Transport): void {
    this.recorder.end.transport = transport;
    this.recorder.record("connectionMade");
  }

  override connectionLost(error: Error | null): void {
    this.recorder.record("connectionLost", ` ${showError(error)}`);
  }

  override pauseWriting(): void {
    this.recorder.record("pauseWriting");
  }

  override resumeWriting(): void {
    this.recorder.record("resumeWriting");
  }

  eofReceived(): boolean | void {
    this.recorder.record("eofReceived");
    return this.recorder.spec.eofReturns;
  }
}

/** A protocol of chunks that records its callbacks. */
export class RecordingProtocol extends RecordingBase {
  dataReceived(chunk: Uint8Array): void {
    this.recorder.recordBytes("dataReceived", chunk);
  }
}

/** A protocol with a buffer of its own that records its callbacks. */
export class RecordingBufferedProtocol extends RecordingBase {
  readonly #buffer: Uint8Array;

  constructor(recorder: Recorder) {
    super(recorder);
    this.#buffer = new Uint8Array(recorder.spec.bufferSize ?? 65_536);
  }

  getBuffer(): Uint8Array {
    this.recorder.react("getBuffer");
    return this.#buffer;
  }

  bufferUpdated(bytes: number): void {
    this.recorder.recordBytes("bufferUpdated", this.#buffer.subarray(0, bytes));
  }
}

/** Makes the protocol that `spec` describes; `label` goes before its events. */
export function makeProtocol(
  end: TransportEnd,
  label: string | null,
  spec: ProtocolSpec,
): RecordingProtocol | RecordingBufferedProtocol {
  const recorder = new Recorder(end, label, spec);
  return spec.kind === "buffered"
    ? new RecordingBufferedProtocol(recorder)
    : new RecordingProtocol(recorder);
}

/** The name of a protocol in the scenario. */
export function labelOf(protocol: AnyProtocol): string {
  return "label" in protocol ? String(protocol.label) : "unknown";
}
