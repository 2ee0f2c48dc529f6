/** Whether Deno has Unix sockets on this system: not on Windows. */
export const hasUnixSockets: boolean = Deno.build.os !== "windows";

/** A test that needs them: left out, and counted as such, where they are not. */
export const unixTest: typeof Deno.test | typeof Deno.test.ignore = hasUnixSockets
  ? Deno.test
  : Deno.test.ignore;
