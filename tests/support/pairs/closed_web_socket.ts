/**
 * Resolves when Deno has let go of a WebSocket, which may be a little later than the transport over
 * it has.
 */
export function closedWebSocket(socket: WebSocket): Promise<void> {
  if (socket.readyState === WebSocket.CLOSED) return Promise.resolve();
  return new Promise((resolve) => socket.addEventListener("close", () => resolve()));
}
