/**
 * Loaded before an example: says on stderr when a timer of 5 seconds or more runs out. So a test
 * knows, however slow the machine is, whether a program has ended by a timeout of the library.
 *
 * @module
 */

/** Examples stop within 2 seconds; the timeouts of the library are 10. */
const LONG_MS = 5000;

const { setTimeout: start } = globalThis;

Object.assign(globalThis, {
  setTimeout: (callback: (...args: unknown[]) => void, milliseconds = 0, ...args: unknown[]) =>
    start(() => {
      if (milliseconds >= LONG_MS) console.error(`a timer of ${milliseconds} ms has run out`);
      callback(...args);
    }, milliseconds),
});
