import { crc32 } from "node:zlib";

/** Longer data is shown as its length and checksum, in bytes. */
const LONGEST_SHOWN = 64;

/** The names that Python has for our errors, where the shared table does not translate. */
export function showError(error: unknown): string {
  return error instanceof Error ? error.name : "None";
}

/** Data as record.py shows it. */
export function showData(data: Uint8Array): string {
  if (data.length > LONGEST_SHOWN) {
    return `${data.length} ${crc32(data).toString(16).padStart(8, "0")}`;
  }
  return `'${JSON.stringify(new TextDecoder().decode(data)).slice(1, -1)}'`;
}

/** A value as Python shows it. */
export function showValue(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(showValue).join(", ")}]`;
  return String(value);
}
