/** A server of memcached's text protocol, over streams. */
import { type Bytes, LimitOverrunError, startServer, type StreamConnection } from "@sluice/net";
import type { StreamServer } from "@sluice/net/streams";

const MAX_VALUE = 1_048_576;
const CRLF = "\r\n";

interface Item {
  readonly flags: string;
  readonly expiresAt: number;
  readonly value: Bytes;
  readonly cas: number;
}

/** Serves a cache of its own. */
export function serveMemcached(port: number): Promise<StreamServer> {
  const cache = new Cache();
  return startServer((connection) => serve(connection, cache), { port, limit: 2048 });
}

async function serve({ reader, writer }: StreamConnection, cache: Cache): Promise<void> {
  for (;;) {
    const line = await reader.readline({ as: "text" }).catch((error) => {
      if (error instanceof LimitOverrunError) return null;
      throw error;
    });
    if (line === null) return void writer.write(`CLIENT_ERROR line too long${CRLF}`);
    const [command = "", ...args] = line.trim().split(" ");
    if (line === "" || command === "quit") return;
    const isQuiet = args.at(-1) === "noreply" && args.pop() !== undefined;
    const answer = STORING.has(command)
      ? await store({ reader }, cache, command, args)
      : cache.execute(command, args);
    if (!isQuiet) writer.writelines(answer);
    await writer.drain();
  }
}

const STORING = new Set(["set", "add", "replace", "append", "prepend", "cas"]);

/** Takes the value that follows the line, also one that is too large. */
async function store(
  { reader }: Pick<StreamConnection, "reader">,
  cache: Cache,
  command: string,
  [key = "", flags = "0", time = "0", size = "", cas]: readonly string[],
): Promise<(Bytes | string)[]> {
  if (!/^\d+$/.test(size)) return [`CLIENT_ERROR bad command line format${CRLF}`];
  for (let left = Number(size) + 2; Number(size) > MAX_VALUE && left > 0;) {
    left -= (await reader.read(left)).length;
    if (left === 0) return [`SERVER_ERROR object too large for cache${CRLF}`];
  }
  const value = await reader.readexactly(Number(size));
  if (await reader.readline({ as: "text" }) !== CRLF) return [`CLIENT_ERROR bad data chunk${CRLF}`];
  return [cache.store(command, key, { flags, expiresAt: toTime(time), value, cas: Number(cas) })];
}

function toTime(seconds: string): number {
  const time = Number(seconds);
  if (time === 0) return Infinity;
  return time > 2_592_000 ? time * 1000 : Date.now() + time * 1000;
}

class Cache {
  readonly #items = new Map<string, Item>();
  #cas = 0;

  #get(key: string): Item | undefined {
    const item = this.#items.get(key);
    if (item === undefined || item.expiresAt > Date.now()) return item;
    this.#items.delete(key);
    return undefined;
  }

  store(command: string, key: string, item: Item): string {
    const old = this.#get(key);
    if (command === "cas" && old === undefined) return `NOT_FOUND${CRLF}`;
    if (command === "cas" && old?.cas !== item.cas) return `EXISTS${CRLF}`;
    const mustExist = !["set", "add", "cas"].includes(command);
    if (command === "add" ? old : mustExist && !old) return `NOT_STORED${CRLF}`;
    const parts = command === "append" ? [old, item] : command === "prepend" ? [item, old] : [item];
    const value = new Uint8Array(parts.flatMap((part) => [...part?.value ?? []]));
    const kept = old && parts.length > 1 ? old : item;
    this.#items.set(key, {
      ...kept,
      value: parts.length > 1 ? value : item.value,
      cas: ++this.#cas,
    });
    return `STORED${CRLF}`;
  }

  execute(command: string, args: readonly string[]): (Bytes | string)[] {
    const [key = "", number = "0"] = args;
    if (command === "get" || command === "gets") {
      return [...args.flatMap((key) => this.#show(key, command === "gets")), `END${CRLF}`];
    }
    if (command === "delete") {
      return [this.#items.delete(key) ? `DELETED${CRLF}` : `NOT_FOUND${CRLF}`];
    }
    if (command === "incr" || command === "decr") return [this.#add(key, command, number)];
    if (command === "version") return [`VERSION 1.6${CRLF}`];
    if (command !== "flush_all") return [`ERROR${CRLF}`];
    this.#items.clear();
    return [`OK${CRLF}`];
  }

  #show(key: string, hasCas: boolean): (Bytes | string)[] {
    const item = this.#get(key);
    if (item === undefined) return [];
    const cas = hasCas ? ` ${item.cas}` : "";
    return [`VALUE ${key} ${item.flags} ${item.value.length}${cas}${CRLF}`, item.value, CRLF];
  }

  #add(key: string, command: string, number: string): string {
    const item = this.#get(key);
    if (item === undefined) return `NOT_FOUND${CRLF}`;
    const old = new TextDecoder().decode(item.value);
    if (!/^\d+$/.test(old)) return `CLIENT_ERROR cannot increment non-numeric value${CRLF}`;
    const change = command === "incr" ? BigInt(number) : -BigInt(number);
    const sum = BigInt.asUintN(64, BigInt(old) + change < 0n ? 0n : BigInt(old) + change);
    const value = new TextEncoder().encode(`${sum}`);
    this.#items.set(key, { ...item, value, cas: ++this.#cas });
    return `${sum}${CRLF}`;
  }
}

if (import.meta.main) {
  const server = await serveMemcached(11_211);
  await server.serveUntilSignal();
}
