import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseProcess } from "../../rehearsal/migration/releases.ts";
import { describeFault } from "./harness/fault.ts";
import {
  blocking,
  type Changes,
  edited,
  migrationFile,
  nextRelease,
  rehearse,
  runningRelease,
  Twin,
} from "./harness/stage.ts";

describeFault({
  id: "M5",
  class: "migrations",
  title: "a column is dropped or renamed while the worker runs the old code",
  covers:
    "migrations after which the release that still runs fails: its requests, jobs, reads and writes are done on the migrated clone",
});

const LAST_ETL = ["etl", "0003_run_counts_reconcile"] as const;
interface Case {
  readonly title: string;
  readonly changes: () => Changes;
  readonly migration: string;
}

const CASES: readonly Case[] = [
  {
    title: "dropped",
    changes: () => ({
      ...edited("etl/models.py", [
        '    release = models.CharField(max_length=80, default="", db_default="")\n    status',
        "    status",
      ]),
      ...edited("etl/admin.py", ['"set_aside", "release"', '"set_aside"'], ['"status", "release"', '"status"']),
      "etl/migrations/0004_release_gone.py": migrationFile(LAST_ETL, 'migrations.RemoveField("run", "release")'),
    }),
    migration: "etl.0004_release_gone",
  },
  {
    title: "renamed",
    changes: () => ({
      ...edited("etl/models.py", [
        '    release = models.CharField(max_length=80, default="", db_default="")\n    status',
        '    version = models.CharField(max_length=80, default="", db_default="")\n    status',
      ]),
      ...edited(
        "etl/admin.py",
        ['"set_aside", "release"', '"set_aside", "version"'],
        ['"status", "release"', '"status", "version"'],
      ),
      "etl/migrations/0004_release_renamed.py": migrationFile(
        LAST_ETL,
        'migrations.RenameField("run", "release", "version")',
      ),
    }),
    migration: "etl.0004_release_renamed",
  },
];

describe.each(CASES)("M5: column $title while the worker runs the old code", ({ changes, migration }) => {
  let release: ReleaseProcess;
  let twin: Twin;

  beforeAll(async () => {
    release = await nextRelease(changes());
    twin = await Twin.start();
  });
  afterAll(() => twin.remove());

  it("has the worker of an unguarded twin fail, although the migration goes through", async () => {
    const worker = ["etl_status"];
    expect(await twin.manage(runningRelease(), "etl", worker)).toMatchObject({ exitCode: 0 });
    expect(await twin.migrate(release)).toMatchObject({ exitCode: 0 });
    const { exitCode, said } = await twin.manage(runningRelease(), "etl", worker);
    expect(exitCode).not.toBe(0);
    expect(said).toContain("column etl_run.release does not exist");
  });

  it("is stopped in the rehearsal, with its cause", async () => {
    const result = await rehearse(release);
    expect(result.verdict).toBe("fail");
    const found = blocking(result);
    expect(found).toContainEqual({
      id: "old-code.breaks",
      migration,
      cause: expect.stringContaining("column etl_run.release does not exist") as string,
    });
    // Reads and writes say it in different words; whatever else is found is the same fault.
    expect(found.filter((finding) => finding.id !== "old-code.breaks" || finding.migration !== migration)).toEqual([]);
    expect(result.oldCode).toContainEqual(
      expect.objectContaining({
        operation: "INSERT etl.Run",
        before: null,
        after: expect.stringContaining("release") as string,
      }),
    );
  });
});
