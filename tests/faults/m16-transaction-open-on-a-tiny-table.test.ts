import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withConnection } from "../../engine/postgres.ts";
import type { ReleaseProcess } from "../../rehearsal/migration/releases.ts";
import { describeFault } from "./harness/fault.ts";
import { blocking, type Changes, edited, migrationFile, nextRelease, rehearse, Twin } from "./harness/stage.ts";

describeFault({
  id: "M16",
  class: "migrations",
  title: "a tiny table with an open transaction, and no lock timeout",
  covers: "waits without a limit, whatever the size of the table",
});

const MIGRATION = "etl.0004_run_note";

function changes(operations: string): Changes {
  return {
    ...edited("etl/models.py", [
      '    error = models.TextField(blank=True, default="")\n',
      '    error = models.TextField(blank=True, default="")\n    note = models.TextField(null=True, blank=True)\n',
    ]),
    "etl/migrations/0004_run_note.py": migrationFile(["etl", "0003_run_counts_reconcile"], operations),
  };
}

const ADD = 'migrations.AddField("run", "note", models.TextField(null=True, blank=True))';
const LIFT = 'migrations.RunSQL("SET lock_timeout = 0", migrations.RunSQL.noop)';

describe("M16: a transaction is open on a tiny table, and the release lifts the lock timeout", () => {
  let release: ReleaseProcess;
  let twin: Twin;

  beforeAll(async () => {
    release = await nextRelease(changes(`${LIFT}, ${ADD}`));
    twin = await Twin.start();
  });
  afterAll(() => twin.remove());

  it("lets an unguarded twin's migration wait, and every query behind it, for as long as the transaction is open", async () => {
    const reader = await connected(twin.clone.as("report"));
    await reader.query("BEGIN");
    await reader.query("SELECT count(*) FROM etl_run");
    const migrating = twin.migrate(release);
    await waitingMigrator(twin);
    const query = withConnection(twin.asApplication, async (client) => {
      await client.query("SET statement_timeout = '3s'");
      await client.query("SELECT count(*) FROM etl_run");
    });
    await expect(query).rejects.toThrow("statement timeout");
    await reader.end();
    expect((await migrating).exitCode).toBe(0);
  });

  it("is stopped in the rehearsal, with its cause", async () => {
    const result = await rehearse(release, { form: "full" });
    expect(result.verdict).toBe("fail");
    expect(blocking(result)).toEqual([
      {
        id: "migration.waits.queue",
        migration: MIGRATION,
        cause: expect.stringMatching(/waits for AccessExclusiveLock on etl_run behind a transaction/) as string,
      },
    ]);
    expect(result.findings).toContainEqual(
      expect.objectContaining({ id: "migration.limits-disabled", migration: MIGRATION, severity: "warning" }),
    );
  });

  it("is stopped too where the environment allows to wait for ten minutes", async () => {
    const patient = await nextRelease(changes(ADD), { MIGRATION_LOCK_TIMEOUT: "600000" });
    const result = await rehearse(patient, { form: "full" });
    expect(blocking(result)).toEqual([
      {
        id: "migration.waits.queue",
        migration: MIGRATION,
        cause: expect.stringContaining("etl_run") as string,
      },
    ]);
  });

  it("does no harm where the lock timeout is left as it is", async () => {
    const impatient = await nextRelease(changes(ADD));
    const result = await rehearse(impatient, { form: "full" });
    expect(blocking(result)).toEqual([]);
    expect(result.traffic?.run.find(({ migration }) => migration === MIGRATION)?.retries).toBeGreaterThan(0);
  });
});

async function connected({ host, port, username, password, database }: Twin["asApplication"]): Promise<pg.Client> {
  const client = new pg.Client({ host, port, user: username, password, database, ssl: false });
  await client.connect();
  return client;
}

async function waitingMigrator(twin: Twin): Promise<void> {
  await withConnection(twin.clone.address, async (client) => {
    for (let attempt = 0; attempt < 600; attempt++) {
      const { rowCount } = await client.query(
        "SELECT FROM pg_stat_activity WHERE usename = 'owner' AND wait_event_type = 'Lock'",
      );
      if (rowCount !== 0) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("the migrator must come to wait for its lock; it did not within 60 s");
  });
}
