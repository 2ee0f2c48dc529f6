import { CommandError, type Commands, NO_REPLY, OK, toInteger, toWord } from "./command.ts";
import { matchesGlob } from "./glob.ts";
import { type RespValue, SimpleString, VerbatimString } from "./resp.ts";
import type { Client, Reply, ServerState } from "./command.ts";
import type { Text } from "./store.ts";

/** The version of Redis whose answers these are like: clients choose by it what they ask for. */
export const REDIS_VERSION = "7.0.0";

/** The answers of CONFIG GET: the settings that redis-benchmark and redis-cli ask for. */
const CONFIG: Readonly<Record<string, string>> = {
  appendonly: "no",
  databases: "1",
  maxmemory: "0",
  save: "",
  timeout: "0",
};

const PONG = new SimpleString("PONG");

function hello([version, ...options]: readonly Text[], client: Client): RespValue {
  const wanted = version === undefined
    ? client.version
    : Number(toInteger(version, "Protocol version is not an integer or out of range"));
  if (wanted !== 2 && wanted !== 3) throw new CommandError("NOPROTO unsupported protocol version");
  if (options.some((option) => toWord(option).toUpperCase() === "AUTH")) {
    throw new CommandError("ERR AUTH called without any password configured");
  }
  client.version = wanted;
  return new Map<RespValue, RespValue>([
    ["server", "redis"],
    ["version", REDIS_VERSION],
    ["proto", wanted],
    ["id", client.id],
    ["mode", "standalone"],
    ["role", "master"],
    ["modules", []],
  ]);
}

function info(server: ServerState, sections: readonly Text[]): RespValue {
  const wanted = sections.map((section) => toWord(section).toLowerCase());
  const isWanted = (section: string): boolean =>
    wanted.length === 0 || wanted.includes(section.toLowerCase()) ||
    ["all", "default", "everything"].some((name) => wanted.includes(name));
  const texts = Object.entries(server.info())
    .filter(([section]) => isWanted(section))
    .map(([section, facts]) => {
      const lines = Object.entries(facts).map(([name, value]) => `${name}:${value}\r\n`);
      return `# ${section}\r\n${lines.join("")}`;
    });
  return new VerbatimString("txt", texts.join("\r\n"));
}

function config([action, ...names]: readonly Text[]): RespValue {
  switch (toWord(action).toUpperCase()) {
    case "GET": {
      const patterns = names.map((name) => toWord(name).toLowerCase());
      const found = Object.entries(CONFIG)
        .filter(([name]) => patterns.some((pattern) => matchesGlob(pattern, name)));
      return new Map(found);
    }
    case "RESETSTAT":
      return OK;
    default:
      throw new CommandError("ERR only CONFIG GET and RESETSTAT are supported");
  }
}

function client([action, ...args]: readonly Text[], client: Client): RespValue {
  switch (toWord(action).toUpperCase()) {
    case "ID":
      return client.id;
    case "GETNAME":
      return client.name === "" ? null : client.name;
    case "SETNAME":
      client.name = toWord(args[0]);
      return OK;
    case "SETINFO":
    case "NO-EVICT":
    case "NO-TOUCH":
      return OK;
    default:
      throw new CommandError("ERR unknown subcommand of CLIENT");
  }
}

function pubsub([action, ...args]: readonly Text[], { server: { pubSub } }: Client): RespValue {
  switch (toWord(action).toUpperCase()) {
    case "CHANNELS":
      return pubSub.channels(args[0] === undefined ? "*" : toWord(args[0]));
    case "NUMSUB":
      return args.flatMap((channel) => [channel, pubSub.countOf(toWord(channel))]);
    case "NUMPAT":
      return pubSub.patterns;
    default:
      throw new CommandError("ERR unknown subcommand of PUBSUB");
  }
}

function subscription(
  action: "subscribe" | "unsubscribe",
  kind: "channel" | "pattern",
): (names: readonly Text[], client: Client) => Reply {
  return (names, client) => {
    client[action](kind, names.map(toWord));
    return NO_REPLY;
  };
}

/** The connection, the server, and published messages. */
export const SERVER_COMMANDS: Commands = {
  PING: [0, 1, ([message]) => message ?? PONG],
  ECHO: [1, 1, ([message = ""]) => message],
  HELLO: [0, Infinity, hello],
  QUIT: [0, 0, (_, client) => {
    client.quit();
    return OK;
  }],
  SELECT: [1, 1, ([index]) => {
    if (toInteger(index) === 0n) return OK;
    throw new CommandError("ERR DB index is out of range");
  }],
  COMMAND: [0, Infinity, () => []],
  INFO: [0, Infinity, (sections, { server }) => info(server, sections)],
  CONFIG: [1, Infinity, config],
  CLIENT: [1, Infinity, client],
  PUBLISH: [2, 2, ([channel, message = ""], { server }) => {
    return server.pubSub.publish(toWord(channel), message);
  }],
  PUBSUB: [1, Infinity, pubsub],
  SUBSCRIBE: [1, Infinity, subscription("subscribe", "channel")],
  PSUBSCRIBE: [1, Infinity, subscription("subscribe", "pattern")],
  UNSUBSCRIBE: [0, Infinity, subscription("unsubscribe", "channel")],
  PUNSUBSCRIBE: [0, Infinity, subscription("unsubscribe", "pattern")],
};
