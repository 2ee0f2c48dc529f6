// Stand-in for jsr:@std/streams, used only where JSR cannot be reached.

/** Hands over each chunk of a stream. The stream stays locked, as it has nothing more to give. */
export async function readAll<T>(
  stream: ReadableStream<T>,
  take: (chunk: T) => void,
): Promise<void> {
  const reader = stream.getReader();
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    take(value);
  }
}
