// Stand-in for jsr:@std/streams, used only where JSR cannot be reached.

/**
 * Makes one stream of several, one after the other. Cancelling it cancels those that are not
 * locked. A stream that has ended stays locked. Without any stream the result fails.
 */
export function concatReadableStreams<T>(...streams: ReadableStream<T>[]): ReadableStream<T> {
  let index = 0;
  return new ReadableStream<T>({
    async pull(controller): Promise<void> {
      while (true) {
        // Past the end only where there is no stream at all.
        const reader = (streams[index] as ReadableStream<T>).getReader();
        const { done, value } = await reader.read();
        if (!done) {
          controller.enqueue(value);
          return reader.releaseLock();
        }
        if (++index === streams.length) return controller.close();
      }
    },
    async cancel(reason): Promise<void> {
      await Promise.allSettled(streams.map((stream) => stream.cancel(reason)));
    },
  });
}
