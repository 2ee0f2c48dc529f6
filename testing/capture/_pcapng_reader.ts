import type { Bytes } from "../../protocols/bytes.ts";
import { CaptureFormatError } from "../../protocols/errors.ts";

const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
/** Packets begin with an IP header: of any version, of version 4, of version 6. */
const IP_LINK_TYPES: readonly number[] = [101, 228, 229];

/** A packet of a pcapng file. */
export interface CapturedPacket {
  /** Where its block begins in the file, in bytes. */
  readonly offset: number;
  /** From the IP header on. */
  readonly bytes: Bytes;
  /** When it passed, in microseconds since 1970. */
  readonly microseconds: number;
  /** Which way it went; `null` if that was not noted. */
  readonly direction: "received" | "sent" | null;
  /** The remark on it. */
  readonly comment: string | null;
}

/** One block of the file. */
interface Block {
  readonly offset: number;
  readonly type: number;
  readonly body: DataView<ArrayBuffer>;
  readonly isLittle: boolean;
}

/**
 * The packets of a pcapng file of either byte order. Blocks of kinds that are not needed are passed
 * over.
 *
 * @throws {CaptureFormatError} If the file is none, is cut off, or has packets of another kind than
 * IP.
 */
export function* readPcapng(file: Bytes): Generator<CapturedPacket, void, undefined> {
  let interfaces = 0;
  for (const block of readBlocks(file)) {
    if (block.type === SECTION_HEADER) interfaces = 0;
    else if (block.type === INTERFACE_DESCRIPTION) {
      checkInterface(block);
      interfaces++;
    } else if (block.type === ENHANCED_PACKET) yield readPacket(block, interfaces);
  }
}

function* readBlocks(file: Bytes): Generator<Block, void, undefined> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let isLittle = true;
  for (let offset = 0; offset < file.length;) {
    if (file.length - offset < 12) throw new CaptureFormatError(offset, "the file is cut off");
    const isSection = view.getUint32(offset) === SECTION_HEADER;
    if (isSection) isLittle = readByteOrder(view, offset);
    else if (offset === 0) throw new CaptureFormatError(0, "it is no pcapng file");
    const length = view.getUint32(offset + 4, isLittle);
    if (length < 12 || length % 4 !== 0) {
      throw new CaptureFormatError(offset + 4, `no block is ${length} bytes long`);
    }
    if (length > file.length - offset) throw new CaptureFormatError(offset, "a block is cut off");
    if (view.getUint32(offset + length - 4, isLittle) !== length) {
      throw new CaptureFormatError(offset + length - 4, "the lengths of a block differ");
    }
    yield {
      offset,
      type: view.getUint32(offset, isLittle),
      body: new DataView(file.buffer, file.byteOffset + offset + 8, length - 12),
      isLittle,
    };
    offset += length;
  }
}

/** Whether the numbers of a section have their lowest byte first. */
function readByteOrder(view: DataView, offset: number): boolean {
  for (const isLittle of [true, false]) {
    if (view.getUint32(offset + 8, isLittle) === BYTE_ORDER_MAGIC) return isLittle;
  }
  throw new CaptureFormatError(offset + 8, "the byte order is not told");
}

function checkInterface({ body, isLittle, offset }: Block): void {
  if (body.byteLength < 8) throw new CaptureFormatError(offset, "the block is too short");
  const linkType = body.getUint16(0, isLittle);
  if (!IP_LINK_TYPES.includes(linkType)) {
    throw new CaptureFormatError(offset + 8, `packets of link type ${linkType} are not IP packets`);
  }
  for (const { code, value } of readOptions({ body, isLittle, offset }, 8)) {
    // The unit of time: microseconds if it is not told.
    if (code === 9 && value.getUint8(0) !== 6) {
      throw new CaptureFormatError(offset, "times are not in microseconds");
    }
  }
}

function readPacket(block: Block, interfaces: number): CapturedPacket {
  const { body, isLittle, offset } = block;
  if (body.byteLength < 20) throw new CaptureFormatError(offset, "the block is too short");
  if (body.getUint32(0, isLittle) >= interfaces) {
    throw new CaptureFormatError(offset + 8, "the interface of a packet is not described");
  }
  const length = body.getUint32(12, isLittle);
  if (length > body.byteLength - 20) {
    throw new CaptureFormatError(offset + 20, "a packet is cut off");
  }
  if (body.getUint32(16, isLittle) !== length) {
    throw new CaptureFormatError(offset + 24, "the end of a packet was not captured");
  }
  let direction: CapturedPacket["direction"] = null;
  let comment: string | null = null;
  for (const { code, value } of readOptions(block, 20 + (length + 3 & ~3))) {
    if (code === 1) comment = new TextDecoder().decode(value);
    if (code === 2 && value.byteLength === 4) {
      direction = ([null, "received", "sent"] as const)[value.getUint32(0, isLittle) & 3] ?? null;
    }
  }
  return {
    offset,
    bytes: new Uint8Array(body.buffer, body.byteOffset + 20, length),
    microseconds: body.getUint32(4, isLittle) * 2 ** 32 + body.getUint32(8, isLittle),
    direction,
    comment,
  };
}

function* readOptions(
  { body, isLittle, offset }: Pick<Block, "body" | "isLittle" | "offset">,
  from: number,
): Generator<{ readonly code: number; readonly value: DataView<ArrayBuffer> }, void, undefined> {
  for (let at = from; at + 4 <= body.byteLength;) {
    const code = body.getUint16(at, isLittle);
    const length = body.getUint16(at + 2, isLittle);
    if (code === 0) return;
    if (at + 4 + length > body.byteLength) {
      throw new CaptureFormatError(offset + 8 + at, "an option is cut off");
    }
    yield { code, value: new DataView(body.buffer, body.byteOffset + at + 4, length) };
    at += 4 + (length + 3 & ~3);
  }
}
