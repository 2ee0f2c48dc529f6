import type { Carrier } from "../carrier.ts";
import type { SystemBytes } from "../write/system_bytes.ts";

/** A {@linkcode Carrier} whose system can send what JavaScript has not. */
export interface SystemCarrier extends Carrier {
  /** Opens a file that the system can send by itself. */
  openFile(path: string | URL): Promise<CarrierFile>;
  /**
   * Has what arrives go to another carrier without coming here, by way of `sink`.
   *
   * @returns Ends that; `null` if it is not possible between these two.
   */
  spliceTo(other: Carrier, sink: SystemSink): (() => void) | null;
}

/** The carrier itself, if it is one of these. */
export function systemCarrier(carrier: Carrier): SystemCarrier | null {
  return "spliceTo" in carrier ? carrier as SystemCarrier : null;
}

/** A file that a {@linkcode SystemCarrier} has opened to send it without reading it. */
export interface CarrierFile {
  /** Its kind, and the number of bytes that it has now. */
  stat(): Promise<Pick<Deno.FileInfo, "isFile" | "isDirectory" | "size">>;
  /** Its bytes from an offset on, for the queue of the connection. */
  part(offset: number): FilePart;
  /** Closes it, once all parts have ended. */
  close(): void;
}

/** A part of a {@linkcode CarrierFile}. */
export interface FilePart extends SystemBytes {
  /** How many bytes of it were sent. */
  readonly sent: number;
  /** Why the system cannot send the rest: `"unable"` if it cannot send from such a file at all. */
  readonly failure: Error | "unable" | null;
}

/** Takes what arrives on a carrier and stays with the system. */
export interface SystemSink {
  /** Whether it takes what arrives now; else that is received as always. */
  isTaking(): boolean;
  /** So many bytes have arrived. */
  take(bytes: SystemBytes, length: number): void;
}
