import * as net from "../all_entries.ts";
import { fileURLToPath as fromFileUrl } from "node:url";
import { makeTree } from "../../tools/temporary_tree.ts";
import type { Counterpart } from "./name_tables.ts";

/** Texts that a code span may hold without being the name of anything. */
const SYNTAX = new Set(["null", "true", "false", "await", "await using", "for await", "async"]);
const FLAG = /^--[a-z-]+$/;
/**
 * A name, and its members after dots; `new` before it and arguments after it say how it is used.
 */
const NAME = /^(?:new )?([A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*)(?:\(.*\))?$/;
const LIBRARY = new URL("../all_entries.ts", import.meta.url).href;
const CONFIG = new URL("../../../deno.json", import.meta.url);

/**
 * Finds the names that are neither exported by this library, as a value, a type or a member of
 * either, nor by the platform, nor by the module that is named with them.
 *
 * Values are looked up at run time; the type checker is asked about the rest, all in one run.
 *
 * @returns A complaint for each, with the line of the page; empty if there is none.
 */
export async function findUnknown(counterparts: readonly Counterpart[]): Promise<string[]> {
  const complaints: string[] = [];
  const asked: Counterpart[] = [];
  for (const counterpart of counterparts) {
    const { text } = counterpart;
    if (SYNTAX.has(text) || FLAG.test(text)) continue;
    const isKnown = NAME.test(text) && await existsAtRunTime(counterpart);
    if (isKnown) continue;
    // A type; of modules only values are named.
    if (NAME.test(text) && counterpart.module === undefined) asked.push(counterpart);
    else complaints.push(complain(counterpart));
  }
  complaints.push(...(await findUntyped(asked)).map(complain));
  return [...new Set(complaints)];
}

function complain({ text, module, line, page }: Counterpart): string {
  const place = page === undefined ? `line ${line}` : `${page}, line ${line}`;
  return `${place}: ${module ?? "nobody"} has no ${text}`;
}

function pathOf({ text }: Counterpart): string[] {
  return NAME.exec(text)?.[1]?.split(".") ?? [];
}

async function existsAtRunTime(counterpart: Counterpart): Promise<boolean> {
  const path = pathOf(counterpart);
  const { module } = counterpart;
  if (module === undefined) return has(net, path) || has(globalThis, path);
  const found: unknown = await import(module).catch(() => null);
  return has(found, path);
}

/** Whether an object has such a member, of its own or, if it is a class, of its instances. */
function has(object: unknown, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  if (typeof object !== "object" && typeof object !== "function" || object === null) return false;
  if (name in object) return has(Reflect.get(object, name), rest);
  const prototype: unknown = Reflect.get(object, "prototype");
  return rest.length === 0 && typeof prototype === "object" && prototype !== null &&
    name in prototype;
}

/**
 * Asks the type checker, by a line for each way a name may be meant, and returns those of which no
 * line is in order.
 */
async function findUntyped(asked: readonly Counterpart[]): Promise<Counterpart[]> {
  if (asked.length === 0) return [];
  const probes = asked.flatMap((counterpart) =>
    probesOf(counterpart).map((code) => ({ counterpart, code }))
  );
  const bad = await checkLines(probes.map(({ code }) => code));
  const known = new Set(
    probes.filter((_, index) => !bad.has(index)).map(({ counterpart }) => counterpart),
  );
  return asked.filter((counterpart) => !known.has(counterpart));
}

/** The numbers, from 0, of the lines in which the type checker finds a fault. */
async function checkLines(lines: readonly string[]): Promise<Set<number>> {
  await using tree = await makeTree({ "probe.ts": `${lines.join("\n")}\n` });
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--config", fromFileUrl(CONFIG), "probe.ts"],
    cwd: tree.root,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  const output = new TextDecoder().decode(stderr);
  const bad = new Set(
    [...output.matchAll(/probe\.ts:(\d+):/g)].map(([, line]) => Number(line) - 1),
  );
  if (!success && bad.size === 0) throw new Error(`Cannot check names: ${output}`);
  return bad;
}

/**
 * Lines of which one is in order if the name is that of a type, or of a member of what a type
 * describes.
 */
function probesOf(counterpart: Counterpart): string[] {
  const path = pathOf(counterpart);
  const name = path.join(".");
  const owner = path.slice(0, -1).join(".");
  const member = `["${path.at(-1)}"]`;
  // A type that is generic has to be given arguments, and does not say how many.
  return ["", "<any>", "<any, any>"].flatMap((given) => [
    `import("${LIBRARY}").${name}${given}`,
    `${name}${given}`,
    ...(owner === "" ? [] : [
      `import("${LIBRARY}").${owner}${given}${member}`,
      `${owner}${given}${member}`,
    ]),
  ]).map((type) => `{ type _ = ${type}; }`);
}
