/**
 * asyncio's transports, protocols and streams for Deno.
 *
 * @module
 */
export * from "./protocols/mod.ts";
export * from "./transports/mod.ts";
