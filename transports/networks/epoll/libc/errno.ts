import { E } from "./libc.ts";

/** Whether a call is to be made again later. */
export function isTransient(errno: number): boolean {
  return errno === E.AGAIN || errno === E.INTR;
}
