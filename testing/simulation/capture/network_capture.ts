import { toError } from "../../../transports/core/error_report.ts";
import { type CaptureSink, toWriter } from "../../../transports/layers/capture/capture_sink.ts";
import { PcapngWriter } from "../../../transports/layers/capture/pcapng_writer.ts";
import { showTime } from "../answers/report_run.ts";
import { describeFault } from "../faults/faults.ts";
import { runOutside } from "../globals/context.ts";
import type { SegmentEvent, SimulationEvent } from "../trace.ts";
import { CapturedConnection, type TcpPacket } from "./captured_connection.ts";
import { PacketAddresses } from "./packet_addresses.ts";
import { udpPacket } from "./udp_packet.ts";

/** So many remarks wait for the next packet at most. */
const MAX_NOTES = 20;
/** The most bytes in one packet, which with headers stays below the 64 KiB of IP. */
const MAX_PAYLOAD = 65_000;
/** The flag of TCP that every packet but the first one has. */
const ACK = 16;
/** The world waits for the sink when it has more than this to take, in bytes. */
const MAX_WAITING = 8_388_608;
/** A packet that is neither in nor out. */
const NO_DIRECTION = 0;

/**
 * Writes everything that leaves a host of a world into a pcapng file, with virtual times and the
 * names of the hosts. Faults are remarks on the packet that comes next.
 */
export class NetworkCapture {
  readonly #writer: PcapngWriter;
  readonly #addresses: PacketAddresses;
  readonly #connections = new Map<number, CapturedConnection>();
  readonly #startTime: number;
  readonly #stopTime: (until: Promise<void>) => unknown;
  // Whether the world waits for the sink.
  #isWaiting = false;
  #notes: string[] = [];
  #time: number;
  #error: Error | null = null;
  // The data that was sent last: one datagram to many is one packet.
  #lastData: Uint8Array | null = null;

  /**
   * @param startTime The beginning of virtual time, in milliseconds since 1970.
   * @param stopTime Stops it until something is done.
   */
  constructor(
    sink: CaptureSink,
    startTime: number,
    stopTime: (until: Promise<void>) => unknown,
  ) {
    this.#time = startTime;
    this.#stopTime = stopTime;
    // A world goes on as fast as it can. Nothing is dropped: it waits for the sink.
    this.#writer = new PcapngWriter(
      toWriter(sink),
      Infinity,
      (error) => this.#error ??= toError(error),
      () => this.#time,
    );
    this.#addresses = new PacketAddresses((ip, name) => this.#writer.addName(ip, name));
    this.#startTime = startTime;
  }

  /** Something happened. */
  add(event: SimulationEvent): void {
    this.#time = this.#startTime + event.at;
    // The file is written outside of the world: a program may be running now.
    if (event.kind === "segment") {
      runOutside(() => {
        this.#addSegment(event);
        if (this.#writer.waiting > MAX_WAITING && !this.#isWaiting) this.#awaitSink();
      });
    } else if (event.kind === "fault") this.#note(event.at, describeFault(event.fault));
    else if (event.kind === "host" && event.state !== "started") {
      this.#note(event.at, `host ${event.host} ${event.state}`);
    }
  }

  /** Waits until everything is written. Resolves to the failure of the sink, if it has failed. */
  async close(): Promise<Error | null> {
    await this.#writer.close();
    return this.#error;
  }

  #awaitSink(): void {
    this.#isWaiting = true;
    this.#stopTime(this.#writer.flush().then(() => void (this.#isWaiting = false)));
  }

  #note(at: number, text: string): void {
    if (this.#notes.length < MAX_NOTES) this.#notes.push(`${showTime(at)}: ${text}`);
  }

  #addSegment(event: SegmentEvent): void {
    const { phase, segment } = event;
    if (segment === "UDP") {
      if (phase === "sent" || phase === "duplicated") this.#addDatagram(event);
      return;
    }
    const connection = this.#connectionOf(event);
    if (phase === "arrived") {
      const answer = connection.arrived(event);
      if (answer !== null) this.#addTcp(answer);
    } else if (phase !== "lost") this.#addTcp(connection.sent(event), remarkOf(event));
    if (connection.isOver) this.#connections.delete(event.connection);
  }

  #connectionOf(event: SegmentEvent): CapturedConnection {
    const known = this.#connections.get(event.connection);
    if (known !== undefined) return known;
    const connection = new CapturedConnection(event, this.#addresses.of(event));
    this.#connections.set(event.connection, connection);
    return connection;
  }

  #addDatagram(event: SegmentEvent): void {
    const isCopy = event.phase === "sent" && event.data === this.#lastData;
    this.#lastData = event.data;
    if (isCopy) return;
    const [from, to] = this.#addresses.of(event);
    const packet = udpPacket(from, to, event.data);
    const at = this.#begin(packet.length);
    if (at !== null) this.#writer.slab.bytes.set(packet, at);
  }

  /** Writes a packet, in several pieces if it is longer than packets of IP may be. */
  #addTcp(packet: TcpPacket, remark?: string): void {
    if (remark !== undefined) this.#notes.push(remark);
    const { data, flags, sequence } = packet;
    let start = 0;
    for (; data.length - start > MAX_PAYLOAD; start += MAX_PAYLOAD) {
      const piece = data.subarray(start, start + MAX_PAYLOAD);
      this.#addPiece({ ...packet, sequence: (sequence + start) >>> 0, data: piece, flags: ACK });
    }
    const rest = data.subarray(start);
    this.#addPiece({ ...packet, sequence: (sequence + start) >>> 0, data: rest, flags });
  }

  #addPiece({ head, flags, sequence, acknowledged, data }: TcpPacket): void {
    const length = head.lengthOf(flags) + data.length;
    const at = this.#begin(length);
    if (at === null) return;
    const { slab } = this.#writer;
    head.write(slab, at, { length, flags, sequence, acknowledged });
    slab.bytes.set(data, at + length - data.length);
    head.addChecksum(slab, at, length, false);
  }

  #begin(length: number): number | null {
    const notes = this.#notes;
    this.#notes = [];
    return this.#writer.beginPacket(length, NO_DIRECTION, notes.join("\n") || undefined);
  }
}

/** The path of a Unix socket, which its packets do not show. */
function remarkOf({ segment, source, destination }: SegmentEvent): string | undefined {
  return segment === "SYN" && source === "unix" ? `unix ${destination}` : undefined;
}
