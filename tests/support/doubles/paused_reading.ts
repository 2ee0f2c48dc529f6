import type { Transport } from "../../../protocols/contract.ts";

/** Resolves when reading from a transport is paused, at once if it is. */
export function pausedReading(transport: Transport): Promise<void> {
  if (!transport.isReading()) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const { pauseReading } = transport;
  transport.pauseReading = () => {
    transport.pauseReading = pauseReading;
    transport.pauseReading();
    resolve();
  };
  return promise;
}
