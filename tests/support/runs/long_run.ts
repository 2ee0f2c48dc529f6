/**
 * Whether this is `deno task test:long`, which also runs the batteries whose mechanism another one
 * has tested already, and larger samples.
 */
export const isLongRun: boolean = Deno.env.get("LONG_RUN") === "true";
