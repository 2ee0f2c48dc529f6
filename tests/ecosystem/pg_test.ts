import { assertEquals } from "@std/assert";
import { toNodeStream } from "../../node/mod.ts";
import { ecosystemTest } from "./ecosystem_test_case.ts";
import { load } from "./packages.ts";
import { onAllRoads } from "./roads.ts";
import { startPostgres } from "./servers.ts";

/** The parts of pg that are used here. */
interface Queries {
  connect(): Promise<{ release(): void } & Queries>;
  query(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  end(): Promise<void>;
}
interface Pg {
  readonly default: {
    readonly Client: new (options: object) => Queries;
    readonly Pool: new (options: object) => Queries;
  };
}

ecosystemTest({
  name: "pg runs over a connection; a pool makes a connection for each client",
  program: "pg_ctlcluster",
  async run(t): Promise<void> {
    const { default: pg } = await load<Pg>("pg");
    await using server = await startPostgres();
    await onAllRoads(t, server.port, async (connect) => {
      const user = "postgres";
      const client = new pg.Client({ user, stream: () => toNodeStream(connect()) });
      await client.connect();
      const { rows } = await client.query("select repeat('x', 2000000) as text");
      assertEquals(String(rows[0]?.text).length, 2_000_000);
      await client.end();

      const pool = new pg.Pool({ user, max: 2, stream: () => toNodeStream(connect()) });
      const answers = await Promise.all(
        [1, 2, 3].map((n) => pool.query("select $1::int as n", [n])),
      );
      assertEquals(answers.map(({ rows }) => rows[0]?.n), [1, 2, 3]);
      await pool.end();
    });
  },
});
