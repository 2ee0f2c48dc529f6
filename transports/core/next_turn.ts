/** Resolves when the event loop has come round: whoever could go on by then has done so. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
