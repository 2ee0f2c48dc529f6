import { type Bytes, checkBytes } from "../bytes.ts";
import { FrameTooLongError } from "../errors.ts";
import { type Codec, type EncodedMessage, NEED_MORE, type NeedMore } from "../framing/codec.ts";
import { DelimitedFrames } from "./_delimited_frames.ts";

/** How packets are encoded so that no byte of them is the delimiter. */
interface PacketForm {
  readonly delimiter: number;
  /** The longest packet, in bytes, before and after it is encoded. */
  readonly maxLength: number;
  readonly maxEncoded: number;
  /** The encoded packet, with delimiters. */
  encode(packet: Uint8Array): EncodedMessage;
  /** The packet that the bytes between two delimiters encode. */
  decode(encoded: Bytes): Bytes;
}

/** Packets between delimiters. Delimiters that follow each other have no packet between them. */
export function packetCodec(form: PacketForm): Codec<Bytes, Uint8Array> {
  const { maxLength } = form;
  const frames = new DelimitedFrames([Uint8Array.of(form.delimiter)], form.maxEncoded);
  const checked = <B extends Uint8Array>(packet: B): B => {
    if (packet.length <= maxLength) return packet;
    throw new FrameTooLongError(packet.length, maxLength, true);
  };
  return {
    decode(buffer): Bytes | NeedMore {
      for (;;) {
        const match = frames.find(buffer);
        if (match === null) return NEED_MORE;
        const encoded = buffer.take(match.start);
        buffer.skip(1);
        if (encoded.length > 0) return checked(form.decode(encoded));
      }
    },
    decodeEnd(buffer): NeedMore {
      frames.checkRest(buffer);
      return NEED_MORE;
    },
    encode(packet): EncodedMessage {
      checkBytes(packet, "encode");
      return form.encode(checked(packet));
    },
  };
}
