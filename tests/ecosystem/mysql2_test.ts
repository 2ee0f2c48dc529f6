import { assertEquals } from "@std/assert";
import { toNodeStream } from "../../node/mod.ts";
import { ecosystemTest } from "./ecosystem_test_case.ts";
import { load } from "./packages.ts";
import { onAllRoads } from "./roads.ts";
import { startMariadb } from "./servers.ts";

/** The parts of mysql2/promise that are used here. */
interface Queries {
  query(text: string, values?: unknown[]): Promise<[Record<string, unknown>[], unknown]>;
  end(): Promise<void>;
}
interface Mysql {
  readonly default: {
    createConnection(options: object): Promise<Queries>;
    createPool(options: object): Queries;
  };
}

ecosystemTest({
  name: "mysql2 runs over a connection; a pool makes a connection for each client",
  program: "mariadbd",
  async run(t): Promise<void> {
    const { default: mysql } = await load<Mysql>("mysql2", "/promise");
    await using server = await startMariadb();
    await onAllRoads(t, server.port, async (connect) => {
      const user = "root";
      const client = await mysql.createConnection({ user, stream: () => toNodeStream(connect()) });
      const [rows] = await client.query("select repeat('x', 2000000) as text");
      assertEquals(String(rows[0]?.text).length, 2_000_000);
      await client.end();

      const pool = mysql.createPool({
        user,
        connectionLimit: 2,
        stream: () => toNodeStream(connect()),
      });
      const answers = await Promise.all([1, 2, 3].map((n) => pool.query("select ? as n", [n])));
      assertEquals(answers.map(([rows]) => Number(rows[0]?.n)), [1, 2, 3]);
      await pool.end();
    });
  },
});
