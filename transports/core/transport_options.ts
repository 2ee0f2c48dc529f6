import type { AnyProtocol, WriteBufferLimits } from "../../protocols/contract.ts";
import {
  type Check,
  check,
  optionsOf,
  type OptionTable,
  wrongKind,
} from "../../protocols/option_checks.ts";
import { isClass } from "./callbacks.ts";
import type { ErrorHandler } from "./error_report.ts";
import { LIMIT_CHECKS, resolveWriteBufferLimits } from "./write/water_marks.ts";

/**
 * The default of `maxWriteBuffer`, 16 MiB: 256 times the high-water mark, far more than a writer
 * that heeds `pauseWriting` ever queues.
 */
export const DEFAULT_MAX_WRITE_BUFFER = 16_777_216;

/**
 * Puts a layer below a protocol: returns the protocol that the transport below drives instead, and
 * which hands `upper` a transport of its own with `connectionMade`.
 */
export type LayerFactory = (upper: AnyProtocol, options: TransportOptions) => AnyProtocol;

/** Options for every transport. */
export interface TransportOptions {
  /**
   * When to pause and resume the writer, see `Transport.setWriteBufferLimits`.
   *
   * @default {{ high: 65536, low: 16384 }}
   */
  readonly writeBufferLimits?: Partial<WriteBufferLimits>;
  /**
   * The most that may be queued for sending, in bytes. A write while more than that is queued
   * already aborts the connection with a `WriteBufferFullError`.
   *
   * @default {16777216}
   */
  readonly maxWriteBuffer?: number;
  /**
   * Layers between the carrier of the bytes and the protocol, the first nearest the wire. Each
   * connection gets its own. None by default.
   */
  readonly layers?: readonly LayerFactory[];
  /** Gets every exception of a callback; prints to the console by default. */
  readonly onError?: ErrorHandler;
}

const layer: Check = (value, option) => {
  if (typeof value !== "function") {
    throw wrongKind(
      option,
      value,
      "is not a layer; give one such as idleTimeout({ timeout: 60_000 })",
    );
  }
  if (isClass(value)) {
    const { name } = value;
    throw wrongKind(
      option,
      value,
      `is a class; give (upper, options) => new ${name}(upper, options)`,
    );
  }
};

const writeBufferLimits: Check = (value, option) => {
  optionsOf(LIMIT_CHECKS)(value, option);
  // The check before has found an object of numbers.
  resolveWriteBufferLimits(value as Partial<WriteBufferLimits>);
};

/** The checks of {@linkcode TransportOptions}. */
export const TRANSPORT_CHECKS: OptionTable<TransportOptions> = {
  writeBufferLimits,
  maxWriteBuffer: check.size(),
  layers: check.listOf(layer),
  onError: check.functionLike("(error, context) => …"),
};
