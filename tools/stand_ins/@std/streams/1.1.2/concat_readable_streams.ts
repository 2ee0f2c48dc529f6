// Stand-in for jsr:@std/streams, used only where JSR cannot be reached.

/** Makes one stream of several, one after the other. Cancelling it cancels them all. */
export function concatReadableStreams<T>(...streams: ReadableStream<T>[]): ReadableStream<T> {
  const waiting = streams.values();
  let current = waiting.next();
  return new ReadableStream<T>({
    async pull(controller): Promise<void> {
      while (!current.done) {
        const reader = current.value.getReader();
        const { done, value } = await reader.read();
        reader.releaseLock();
        if (!done) return controller.enqueue(value);
        current = waiting.next();
      }
      controller.close();
    },
    async cancel(reason): Promise<void> {
      await Promise.allSettled(streams.map((stream) => stream.cancel(reason)));
    },
  });
}
