import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import Docker from "dockerode";
import pg from "pg";
import type { PostgresAddress } from "../../../engine/postgres.ts";
import { type CreatedSnapshot, createSnapshot } from "../../../rehearsal/snapshot/create.ts";
import type { MaskingRules } from "../../../rehearsal/snapshot/masking/kinds.ts";
import { removeServer, startWorkServer, type WorkServer } from "../../../rehearsal/snapshot/server-container.ts";
import { listSnapshots, SNAPSHOT_DATABASE } from "../../../rehearsal/snapshot/snapshot-image.ts";
import { buildPostgres } from "../images/builds.ts";
import { startPostgres, type TestPostgres } from "../support/postgres-server.ts";

export const docker = new Docker();

type Row = Record<string, unknown>;

/** A server with databases to take snapshots of, and the snapshots that are taken: all removed by `remove`. */
export class SnapshotBench {
  public readonly project = `it-${randomBytes(4).toString("hex")}`;
  public readonly server: TestPostgres;
  public readonly image: string;
  public readonly reports = mkdtempSync(path.join(tmpdir(), "snapshot-reports-"));
  readonly #clones: WorkServer[] = [];

  private constructor(server: TestPostgres, image: string) {
    this.server = server;
    this.image = image;
  }

  public static async open(): Promise<SnapshotBench> {
    const image = await buildPostgres();
    const server = await startPostgres();
    await server.query("CREATE ROLE owner LOGIN PASSWORD 'owner'");
    await server.query("CREATE ROLE report LOGIN PASSWORD 'report'");
    return new SnapshotBench(server, image);
  }

  /** A database of role `owner`, filled by statements of the superuser, in which role `report` may read everything. */
  public async database(name: string, sql: string): Promise<void> {
    await this.server.query(`CREATE DATABASE ${name} OWNER owner`);
    await this.server.query(sql, name);
    const schemas = await this.server.query(
      "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'",
      name,
    );
    for (const { nspname } of schemas) {
      const schema = `"${String(nspname)}"`;
      await this.server.query(
        `GRANT USAGE ON SCHEMA ${schema} TO report; GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO report;
         GRANT SELECT ON ALL SEQUENCES IN SCHEMA ${schema} TO report`,
        name,
      );
    }
  }

  public address(database: string, more: Partial<PostgresAddress> = {}): PostgresAddress {
    const { host, port } = this.server;
    return { host, port, username: "report", password: "report", database, sslmode: "disable", ...more };
  }

  public async create(
    database: string,
    rules: MaskingRules,
    more: Partial<PostgresAddress> = {},
    say: (line: string) => void = () => undefined,
    signal = new AbortController().signal,
  ): Promise<CreatedSnapshot> {
    return await createSnapshot(
      docker,
      {
        project: this.project,
        sourceName: database,
        source: this.address(database, more),
        postgresImage: this.image,
        registry: "none",
        rules,
        key: { key: Buffer.alloc(32, 7), fingerprint: "test" },
        reports: this.reports,
        eachTable: false,
      },
      say,
      signal,
    );
  }

  /** Starts a clone and gives what asks it, as superuser. */
  public async clone(image: string): Promise<(sql: string, database?: string) => Promise<Row[]>> {
    const clone = await startWorkServer(docker, image, "test-clone", [], new AbortController().signal);
    this.#clones.push(clone);
    return async (sql, database = SNAPSHOT_DATABASE) => {
      const { host, port, username, password } = clone.address;
      const client = new pg.Client({ host, port, user: username, password, database });
      await client.connect();
      try {
        return (await client.query<Row>(sql)).rows;
      } finally {
        await client.end();
      }
    };
  }

  public async remove(): Promise<void> {
    for (const { container } of this.#clones) await removeServer(container);
    for (const { image } of await listSnapshots(docker, this.project)) await docker.getImage(image).remove();
    rmSync(this.reports, { recursive: true, force: true });
    await this.server.stop();
  }
}
