/** Which runtimes are installed, in which versions, and how each runs a server program. */

import type { Children } from "./children.ts";
import type { Runtime } from "./server_program.ts";

/** A runtime that is there, or why it is not. */
export type RuntimeState =
  | {
    /** What goes before the server's file. */
    readonly command: readonly string[];
    /** Its version as shown in reports. */
    readonly version: string;
  }
  | {
    /** Why servers of this runtime are left out. */
    readonly missing: string;
  };

/** Read by servers behind TLS. */
const CERTIFICATES = decodeURIComponent(
  new URL("../../examples/certificates/", import.meta.url).pathname,
);
/** A capture is written to the null device. */
const PERMISSIONS = ["--allow-net", `--allow-read=${CERTIFICATES}`, "--allow-write=/dev/null"];
/** Where tools/provide_std.ts says what it has put in place. */
const STD_SOURCE = new URL("../../vendor/std_source", import.meta.url);
const SERVERS = new URL("../servers/", import.meta.url);

/** Where to look for Python, the first that fits is taken; the variable PYTHON goes before all. */
const PYTHONS = ["python3.14", "python3.13", "python3.12", "python3", "/usr/bin/python3"];

async function outputOf(children: Children, command: readonly string[]): Promise<string | null> {
  try {
    const { code, output } = await children.run(command);
    return code === 0 ? output.trim() : null;
  } catch {
    return null; // not installed
  }
}

async function findPython(children: Children, module: string | null): Promise<RuntimeState> {
  const version = module === null ? "''" : `' ' + __import__('${module}').__version__`;
  const question = `import sys; print(sys.executable, sys.version.split()[0] + ${version})`;
  const preferred = Deno.env.get("PYTHON");
  for (const python of preferred === undefined ? PYTHONS : [preferred, ...PYTHONS]) {
    const answer = await outputOf(children, [python, "-c", question]);
    const [executable, ...versions] = answer?.split(" ") ?? [];
    if (executable === undefined || executable === "") continue;
    const text = module === null
      ? `Python ${versions[0]}`
      : `${module} ${versions[1]} on Python ${versions[0]}`;
    return { command: [executable], version: text };
  }
  return { missing: module === null ? "python3 is not installed" : `${module} is not installed` };
}

async function findProgram(
  children: Children,
  label: string,
  programs: readonly string[],
  version: RegExp,
): Promise<RuntimeState> {
  for (const program of programs) {
    const answer = await outputOf(children, [program, "--version"]);
    const found = answer === null ? null : version.exec(answer);
    if (found !== null) return { command: [program], version: `${label} ${found[1]}` };
  }
  return { missing: `${programs[0]} is not installed` };
}

async function findSluice(): Promise<RuntimeState> {
  const root = new URL("../../", import.meta.url);
  try {
    await Deno.stat(new URL("mod.ts", root));
    const config: unknown = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
    const version = typeof config === "object" && config !== null && "version" in config
      ? String(config.version)
      : "of this folder";
    const command = [Deno.execPath(), "run", "--no-lock", ...PERMISSIONS];
    return { command, version: `Sluice ${version}` };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { missing: "mod.ts is not there" };
  }
}

/** @std/streams is a package of JSR, or its stand-in. */
async function findStd(sluice: RuntimeState): Promise<RuntimeState> {
  if ("missing" in sluice) return sluice;
  const source = await Deno.readTextFile(STD_SOURCE).catch(() => "");
  const isStandIn = source.startsWith("stand-ins");
  const version = isStandIn ? "the stand-in of @std/streams" : "@std/streams of JSR";
  return { ...sluice, version };
}

/** A script starts it, which says when it is ready. */
async function findRedis(children: Children): Promise<RuntimeState> {
  const name = "redis-benchmark";
  const benchmark = await findProgram(children, name, [name], /([\d.]+)/);
  if ("missing" in benchmark) return benchmark;
  const server = await findProgram(children, "Redis", ["redis-server"], /v=([\d.]+)/);
  return "missing" in server ? server : { ...server, command: ["/bin/sh"] };
}

/**
 * Looks for a C compiler.
 *
 * @param children Runs it to ask for its version.
 * @returns What was found.
 */
export async function findCompiler(children: Children): Promise<RuntimeState> {
  return await findProgram(children, "C compiler", ["cc", "gcc", "clang"], /([\d.]+)$/m);
}

/**
 * Looks for every runtime.
 *
 * @param children Runs them to ask for their versions.
 * @returns What was found.
 */
export async function findRuntimes(children: Children): Promise<Record<Runtime, RuntimeState>> {
  const [sluice, node, bun, python, uvloop, cc, redis] = await Promise.all([
    findSluice(),
    // Where there is no Node, Deno runs itself under that name, and says "deno 2 …".
    findProgram(children, "Node", ["node"], /^v([\d.]+)$/),
    findProgram(children, "Bun", ["bun", "node_modules/.bin/bun"], /^([\d.]+)$/),
    findPython(children, null),
    findPython(children, "uvloop"),
    findCompiler(children),
    findRedis(children),
  ]);
  const std = await findStd(sluice);
  const deno = {
    command: [Deno.execPath(), "run", "--no-lock", "--no-config", ...PERMISSIONS],
    version: `Deno ${Deno.version.deno}`,
  };
  return { deno, sluice, node, bun, python, uvloop, cc, std, redis };
}

/**
 * Makes the command that runs a server program.
 *
 * @param children Runs the compiler.
 * @param runtime What runs it.
 * @param program The file in bench/servers/ and its arguments.
 * @param folder A folder for what has to be compiled.
 * @returns The command.
 * @throws {Error} If the program does not compile.
 */
export async function serverCommand(
  children: Children,
  runtime: Extract<RuntimeState, { command: readonly string[] }>,
  program: readonly string[],
  folder: string,
): Promise<string[]> {
  const [file = "", ...args] = program;
  const path = decodeURIComponent(new URL(file, SERVERS).pathname);
  if (!file.endsWith(".c")) return [...runtime.command, path, ...args];
  const binary = `${folder}/${file.replace(".c", "")}`;
  await compile(children, runtime.command, [path], binary);
  return [binary, ...args];
}

/**
 * Compiles C files into one program.
 *
 * @param children Runs the compiler.
 * @param compiler The compiler.
 * @param sources The files.
 * @param binary Where to put the program.
 * @throws {Error} If they do not compile.
 */
export async function compile(
  children: Children,
  compiler: readonly string[],
  sources: readonly string[],
  binary: string,
): Promise<void> {
  const { code, error } = await children.run([...compiler, "-O2", "-o", binary, ...sources]);
  if (code !== 0) throw new Error(`Cannot compile ${sources.join(" ")}: ${error}`);
}
