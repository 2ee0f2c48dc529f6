const encoder = new TextEncoder();

/**
 * What may be written, as bytes: a string is encoded as UTF-8.
 *
 * @throws {TypeError} If it is neither bytes nor a string.
 */
export function toBytes(data: Uint8Array | string): Uint8Array {
  if (typeof data === "string") return encoder.encode(data);
  if (data instanceof Uint8Array) return data;
  const hint = (data as unknown) instanceof Promise ? "; is an await missing?" : "";
  throw new TypeError(
    `Cannot write ${describe(data)}: it is neither a Uint8Array nor a string${hint}`,
  );
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return `a value of type ${value.constructor?.name ?? "object"}`;
}
