/**
 * The real servers, each in a folder of its own and gone at the end of the scope.
 *
 * @module
 */
import { freePort } from "../support/places/free_port.ts";
import { outputOf } from "../support/peers/outside_peer.ts";
import { asAccount, startProcess } from "./server_process.ts";

/** A server that runs. */
export interface RunningServer extends AsyncDisposable {
  /** Its port of 127.0.0.1. */
  readonly port: number;
  /** Its folder. */
  readonly folder: string;
}

async function inFolder(
  account: string | undefined,
  start: (folder: string, port: number) => Promise<AsyncDisposable>,
): Promise<RunningServer> {
  const folder = await Deno.makeTempDir({ prefix: "sluice-" });
  if (account !== undefined && Deno.uid() === 0) await outputOf("chown", [account, folder]);
  const port = freePort();
  const remove = () => Deno.remove(folder, { recursive: true });
  try {
    const process = await start(folder, port);
    return {
      port,
      folder,
      async [Symbol.asyncDispose](): Promise<void> {
        await process[Symbol.asyncDispose]();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Redis, without a file. */
export function startRedis(): Promise<RunningServer> {
  return inFolder(undefined, (folder, port) =>
    startProcess({
      program: "redis-server",
      args: ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder],
      ready: /Ready to accept connections/,
      says: "stdout",
    }));
}

/** PostgreSQL, with the user `postgres` and without passwords. */
export function startPostgres(): Promise<RunningServer> {
  const account = "postgres";
  return inFolder(account, async (folder, port) => {
    const bin = await postgresFolder();
    const data = `${folder}/data`;
    const init = ["-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"];
    const [program, args] = asAccount(account, `${bin}/initdb`, [...init, "--locale=C"]);
    await outputOf(program, args);
    const settings = [`port=${port}`, "listen_addresses=127.0.0.1", "fsync=off"];
    return await startProcess({
      account,
      program: `${bin}/postgres`,
      args: ["-D", data, "-k", folder, ...settings.flatMap((one) => ["-c", one])],
      ready: /ready to accept connections/,
      says: "stderr",
      signal: "SIGINT",
    });
  });
}

/** Debian has the programs of each version in a folder of its own. */
async function postgresFolder(): Promise<string> {
  const versions: number[] = [];
  for await (const { name } of Deno.readDir("/usr/lib/postgresql")) versions.push(Number(name));
  return `/usr/lib/postgresql/${Math.max(...versions)}/bin`;
}

/** MariaDB, without tables of accounts: anyone may do anything. */
export function startMariadb(): Promise<RunningServer> {
  const account = "mysql";
  return inFolder(account, (folder, port) =>
    startProcess({
      account,
      program: "mariadbd",
      args: [
        "--no-defaults",
        "--skip-grant-tables",
        `--datadir=${folder}`,
        `--socket=${folder}/server.sock`,
        `--pid-file=${folder}/server.pid`,
        "--bind-address=127.0.0.1",
        `--port=${port}`,
        "--innodb-flush-log-at-trx-commit=0",
      ],
      ready: /ready for connections/,
      says: "stderr",
    }));
}

/** Mosquitto, for everyone. */
export function startMosquitto(): Promise<RunningServer> {
  return inFolder(undefined, async (folder, port) => {
    const config = `${folder}/mosquitto.conf`;
    // Without a change of account, for which it would need to read the folder.
    const user = Deno.uid() === 0 ? "user root\n" : "";
    await Deno.writeTextFile(config, `${user}listener ${port} 127.0.0.1\nallow_anonymous true\n`);
    return await startProcess({
      program: "mosquitto",
      args: ["-v", "-c", config],
      ready: /mosquitto version .* running/,
      says: "stderr",
    });
  });
}

/** A server of OpenSSH that knows one key, whose private half is `folder/key`. */
export function startSshd(): Promise<RunningServer> {
  return inFolder(undefined, async (folder, port) => {
    for (const name of ["host", "key"]) {
      await outputOf("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", `${folder}/${name}`]);
    }
    // Debian's start script makes it; the server wants it where it runs as root.
    if (Deno.uid() === 0) await Deno.mkdir("/run/sshd", { recursive: true });
    const config = [
      `ListenAddress 127.0.0.1`,
      `Port ${port}`,
      `HostKey ${folder}/host`,
      `AuthorizedKeysFile ${folder}/key.pub`,
      "PidFile none",
      "StrictModes no",
      "UsePAM no",
      "PermitRootLogin prohibit-password",
    ];
    await Deno.writeTextFile(`${folder}/config`, `${config.join("\n")}\n`);
    return await startProcess({
      // It insists on its whole path.
      program: "/usr/sbin/sshd",
      args: ["-D", "-e", "-f", `${folder}/config`],
      ready: /Server listening on/,
      says: "stderr",
    });
  });
}
