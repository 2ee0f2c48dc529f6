import { show } from "../../protocols/option_checks.ts";

/** The program that runs a command of the shell, and what it is told. */
export function shellCommand(command: string): { program: string; args: string[] } {
  return Deno.build.os === "windows"
    ? { program: "cmd", args: ["/d", "/s", "/c", command] }
    : { program: "sh", args: ["-c", command] };
}

/** Throws for what cannot be a command of the shell. */
export function checkShellOptions(command: unknown, options: unknown): void {
  if (typeof command !== "string" || command === "") {
    throw new TypeError(`Cannot run in the shell: ${show(command)} is not a command`);
  }
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot run in the shell: options ${show(options)} is not an object`);
  }
  if ("args" in options) {
    throw new TypeError("Cannot run in the shell: args is for a program, a command holds its own");
  }
}
