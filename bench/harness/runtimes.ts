/** Which runtimes are installed, in which versions, and on which cores programs run. */

import type { Children } from "./children.ts";

type OnDeno = "deno" | "deno-net" | "sluice" | "sluice-net" | "sluice-ffi";
/** A program that runs servers. */
export type Runtime = OnDeno | "node" | "bun" | "python" | "uvloop" | "cc" | "redis";

/** A runtime that is there, or why it is not. */
export type RuntimeState =
  | { readonly command: readonly string[]; readonly version: string }
  | { readonly missing: string };

const CERTIFICATES = new URL("../../examples/certificates/", import.meta.url).pathname;
/** A capture is written to the null device. */
const PERMISSIONS = ["--allow-net", `--allow-read=${CERTIFICATES}`, "--allow-write=/dev/null"];

/** Where to look for Python: the first that fits is taken. The variable PYTHON goes before all. */
const PYTHONS = ["python3.14", "python3.13", "python3.12", "python3", "/usr/bin/python3"];

async function find(
  children: Children,
  name: string,
  programs: readonly string[],
  question: readonly string[],
  answer: RegExp,
): Promise<RuntimeState> {
  for (const program of programs) {
    const text = await children.run([program, ...question]).catch(() => "");
    const found = answer.exec(text);
    if (found !== null) return { command: [program], version: `${name} ${found[1]}` };
  }
  return { missing: `${programs[0]} is not installed` };
}

/** Looks for every runtime. */
export async function findRuntimes(children: Children): Promise<Record<Runtime, RuntimeState>> {
  const preferred = Deno.env.get("PYTHON");
  const pythons = preferred === undefined ? PYTHONS : [preferred, ...PYTHONS];
  const uvloopVersion =
    "import uvloop, sys; print(uvloop.__version__, 'on', sys.version.split()[0])";
  const config = await Deno.readTextFile(new URL("../../deno.json", import.meta.url));
  const sluice = `Sluice ${JSON.parse(config).version}`;
  const deno = [Deno.execPath(), "run", "--no-lock"];
  const version = `Deno ${Deno.version.deno}`;
  const [node, bun, python, uvloop, cc, benchmark, redis] = await Promise.all([
    // Where there is no Node, Deno runs itself under that name, and says "deno 2 …".
    find(children, "Node", ["node"], ["--version"], /^v([\d.]+)$/),
    find(children, "Bun", ["bun", "node_modules/.bin/bun"], ["--version"], /^([\d.]+)$/),
    find(children, "Python", pythons, ["--version"], /Python ([\d.]+)/),
    find(children, "uvloop", pythons, ["-c", uvloopVersion], /(.+)/),
    find(children, "C compiler", ["cc", "gcc", "clang"], ["-dumpversion"], /([\d.]+)/),
    find(children, "redis-benchmark", ["redis-benchmark"], ["--version"], /([\d.]+)/),
    find(children, "Redis", ["redis-server"], ["--version"], /v=([\d.]+)/),
  ]);
  return {
    deno: { command: [...deno, "--no-config", ...PERMISSIONS], version },
    "deno-net": { command: [...deno, "--unstable-net", ...PERMISSIONS], version },
    sluice: { command: [...deno, ...PERMISSIONS], version: sluice },
    "sluice-net": { command: [...deno, "--unstable-net", ...PERMISSIONS], version: sluice },
    "sluice-ffi": Deno.build.os === "linux"
      ? { command: [...deno, "--allow-ffi", ...PERMISSIONS], version: sluice }
      : { missing: "epollNetwork runs on Linux only" },
    node,
    bun,
    python,
    uvloop: "missing" in uvloop ? { missing: "uvloop is not installed" } : uvloop,
    cc,
    // A script starts it, which says when it is ready.
    redis: "missing" in benchmark || "missing" in redis
      ? { missing: "redis-server or redis-benchmark is not installed" }
      : { ...redis, command: ["/bin/sh"] },
  };
}

/** The core of the servers and that of the load generator; `null` if processes cannot be pinned. */
export interface Cores {
  readonly server: number | null;
  readonly load: number | null;
}

/** The last core, and the first that is not the same under another name (hyper-threading). */
export async function chooseCores(children: Children): Promise<Cores> {
  const allowed = await children.run(["taskset", "-cp", String(Deno.pid)]).catch(() => "");
  const cores = parseCores(/:\s*([\d,-]+)$/.exec(allowed)?.[1] ?? "");
  const server = cores.at(-1);
  if (server === undefined) return { server: null, load: null };
  const file = `/sys/devices/system/cpu/cpu${server}/topology/thread_siblings_list`;
  const siblings = parseCores((await Deno.readTextFile(file).catch(() => "")).trim());
  const apart = cores.find((core) => core !== server && !siblings.includes(core));
  return { server, load: apart ?? cores[0] ?? server };
}

function parseCores(text: string): number[] {
  return text.split(",").filter((part) => part !== "").flatMap((part) => {
    const [first = NaN, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
