// Stand-in for jsr:@std/streams, used only where JSR cannot be reached.

/**
 * Makes one stream of several, each chunk as it comes. It ends when all of them have ended, and
 * fails with the first that fails.
 */
export function mergeReadableStreams<T>(...streams: ReadableStream<T>[]): ReadableStream<T> {
  let hasFailed = false;
  return new ReadableStream<T>({
    start(controller): void {
      const forward = async (stream: ReadableStream<T>): Promise<void> => {
        for await (const chunk of stream) {
          if (hasFailed) break;
          controller.enqueue(chunk);
        }
      };
      Promise.all(streams.map(forward))
        .then(() => controller.close())
        .catch((error) => {
          hasFailed = true;
          controller.error(error);
        });
    },
  });
}
