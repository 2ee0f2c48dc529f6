/** Everything that the library exports, from all of its entry points. */
export * from "../../protocols/mod.ts";
export * from "../../protocols/codecs/mod.ts";
export * from "../../transports/mod.ts";
export * from "../../transports/layers/mod.ts";
export * from "../../streams/mod.ts";
export * from "../../node/mod.ts";
export * from "../../transports/networks/epoll/mod.ts";
