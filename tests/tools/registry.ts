/**
 * A registry in the shape of JSR on loopback, which takes what `deno publish` sends and serves it.
 *
 * ```text
 * deno publish -> POST /api/scopes/sluice/packages/net/versions/0.1.0   a tar file, packed with gzip
 * deno run     <- GET /@sluice/net/meta.json                            the versions
 *              <- GET /@sluice/net/0.1.0_meta.json                      exports, sizes and hashes of the files
 *              <- GET /@sluice/net/0.1.0/mod.ts                         the files
 * ```
 *
 * @module
 */
import { readTar } from "./read_tar.ts";

/** One version of a package. */
export interface Package {
  /** Its scope and name, such as `@sluice/net`. */
  readonly name: string;
  /** Its version. */
  readonly version: string;
  /** The path of each entry point, by what is put after the name. */
  readonly exports: Readonly<Record<string, string>>;
  /** The content of each file by its path, which has no slash in front. */
  readonly files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** A running registry. At the end of a scope (`await using`) it stops. */
export class Registry implements AsyncDisposable {
  /** Where it is, for `JSR_URL`. */
  readonly url: URL;
  readonly #packages = new Map<string, Package>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** Begins to serve these packages, and those that are published then. */
  constructor(packages: Iterable<Package> = []) {
    for (const one of packages) this.#packages.set(one.name, one);
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen(): void {} },
      async (request) => await this.#answer(request) ?? notFound(),
    );
    this.url = new URL(`http://127.0.0.1:${this.#server.addr.port}/`);
  }

  /** The package of that name, if it was published. */
  get(name: string): Package | undefined {
    return this.#packages.get(name);
  }

  /** Stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer({ url, body }: Request): Promise<Response | undefined> {
    const { pathname } = new URL(url);
    if (pathname.startsWith("/api/")) return await this.#answerApi(pathname, body);
    const [, name = "", path = ""] = pathname.match(/^\/(@[^/]+\/[^/]+)\/(.+)$/) ?? [];
    const found = this.#packages.get(name);
    if (found === undefined) return undefined;
    const { version, files } = found;
    if (path === "meta.json") return Response.json(describePackage(found));
    if (path === `${version}_meta.json`) return Response.json(await describeVersion(found));
    const file = files.get(path.replace(`${version}/`, ""));
    return file && new Response(file);
  }

  async #answerApi(pathname: string, body: Request["body"]): Promise<Response | undefined> {
    const [, scope, bare, version] =
      pathname.match(/^\/api\/scopes\/([^/]+)\/packages\/([^/]+)(?:\/versions\/([^/]+))?$/) ?? [];
    if (bare === undefined) return undefined;
    if (version === undefined) return Response.json({ scope, name: bare });
    const name = `@${scope}/${bare}`;
    // Asks whether this version is there already.
    if (body === null) return undefined;
    const files = await readTar(body);
    const { exports } = JSON.parse(new TextDecoder().decode(files.get("deno.json")));
    this.#packages.set(name, { name, version, exports, files });
    return Response.json({ id: "1", status: "success", error: null });
  }
}

/**
 * Reads the packages of one scope from a folder that is laid out like the registry.
 *
 * @param scope The scope, such as `@std`.
 * @param folder Its folder, as a URL that ends with a slash.
 */
export async function readPackages(scope: string, folder: URL): Promise<Package[]> {
  const packages: Package[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    const own = new URL(`${name}/`, folder);
    const { latest: version } = await readJson(new URL("meta.json", own));
    const { exports } = await readJson(new URL(`${version}_meta.json`, own));
    const files = new Map<string, Uint8Array<ArrayBuffer>>();
    const modules = new URL(`${version}/`, own);
    for await (const file of Deno.readDir(modules)) {
      files.set(file.name, await Deno.readFile(new URL(file.name, modules)));
    }
    packages.push({ name: `${scope}/${name}`, version, exports, files });
  }
  return packages;
}

// deno-lint-ignore no-explicit-any -- what the files of a registry hold
async function readJson(file: URL): Promise<any> {
  return JSON.parse(await Deno.readTextFile(file));
}

function notFound(): Response {
  return Response.json({ code: "notFound", message: "There is none" }, { status: 404 });
}

function describePackage({ name, version }: Package): unknown {
  const [scope, bare] = name.slice(1).split("/");
  return { scope, name: bare, latest: version, versions: { [version]: {} } };
}

async function describeVersion({ exports, files }: Package): Promise<unknown> {
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const [path, bytes] of files) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    manifest[`/${path}`] = { size: bytes.length, checksum: `sha256-${digest}` };
  }
  // Without a graph in it Deno reads the imports from the files.
  return { manifest, exports, moduleGraph2: {} };
}
