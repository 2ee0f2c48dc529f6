/** Whether Deno has Unix sockets on this system: not on Windows. */
export const hasUnixSockets: boolean = Deno.build.os !== "windows";
