import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseProcess } from "../../rehearsal/migration/releases.ts";
import type { MigrationRehearsal } from "../../rehearsal/migration/result.ts";
import { findSnapshot } from "../../rehearsal/snapshot/snapshot-image.ts";
import { build, buildApplication, buildOver, MINIMAL } from "../integration/images/builds.ts";
import { docker, extraCertificates } from "../integration/images/support.ts";
import { makeSnapshot, removeSnapshot } from "../integration/support/made-snapshot.ts";
import { describeFault } from "./harness/fault.ts";
import { PREFIX } from "./harness/names.ts";
import { blocking, rehearse } from "./harness/stage.ts";

describeFault({
  id: "another project",
  class: "clean releases",
  title: "a project with a Dockerfile, a driver and a server of its own",
  covers: "clean and faulty releases of a project of another shape",
});

const PROJECT = `${PREFIX}-guestbook`;
const SNAPSHOT_ID = "fa0175fa0176";
const OUTGOING = `${PREFIX}/guestbook:outgoing`;
const SOURCE = "/home/guestbook/source/";
/** A model of its own, a foreign key to the old one, and a column beside the old ones. */
const MODELS = `
from django.db import models


class Entry(models.Model):
    name = models.CharField(max_length=100)
    message = models.TextField()
    written = models.DateTimeField(auto_now_add=True)
    mood = models.CharField(max_length=20, null=True)

    class Meta:
        ordering = ["-written"]


class Reply(models.Model):
    entry = models.ForeignKey(Entry, models.CASCADE)
    message = models.TextField()
`;
const MIGRATION = `
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("guestbook", "0001_entry")]
    operations = [
        migrations.AddField("entry", "mood", models.CharField(max_length=20, null=True)),
        migrations.CreateModel("Reply", fields=[
            ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ("entry", models.ForeignKey("guestbook.entry", models.CASCADE)),
            ("message", models.TextField()),
        ]),
    ]
`;
const NOT_NULL = MIGRATION.replace("max_length=20, null=True", "max_length=20, default='good'");

describe("another project, with a Dockerfile, a driver and a server interface of its own", () => {
  let outgoing: ReleaseProcess;

  beforeAll(async () => {
    const buildArgs = { EXTRA_CA_CERTIFICATES: await extraCertificates() };
    await build({ tag: `${PREFIX}/guestbook:project`, context: MINIMAL, buildArgs });
    await buildApplication(`${PREFIX}/guestbook:application`, `${PREFIX}/guestbook:project`);
    await buildOver(OUTGOING, `${PREFIX}/guestbook:application`, {}, "ENV DJANGO_ALLOWED_HOSTS=localhost");
    outgoing = {
      image: OUTGOING,
      environment: { MIGRATION_LOCK_TIMEOUT: "1000" },
      secrets: { DJANGO_SECRET_KEY: "only for tests" },
      memoryBytes: 384 * 1024 * 1024,
    };
    await makeSnapshot({
      id: SNAPSHOT_ID,
      project: PROJECT,
      postgresImage: `${PREFIX}/postgres:base`,
      applicationImage: OUTGOING,
      fill: `INSERT INTO guestbook_entry (name, message, written)
             SELECT 'Guest ' || n, 'Lovely', timestamptz '2020-01-01 00:00Z' + n * interval '1 hour' FROM generate_series(1, 20000) n`,
      asSuperuser: "VACUUM ANALYZE",
    });
  });
  afterAll(() => removeSnapshot(SNAPSHOT_ID));

  it("passes with a clean release, though its source kept no statistics of statements", async () => {
    const result = await rehearseGuestbook("clean", MODELS, MIGRATION);
    expect(blocking(result)).toEqual([]);
    expect(result.findings.filter(({ severity }) => severity === "warning")).toEqual([]);
    expect(result.run.map(({ migration }) => migration)).toEqual(["guestbook.0002_next"]);
    expect(result.steps.every(({ status }) => status === "passed")).toBe(true);
    expect(result.traffic?.operations).toBeGreaterThan(10);
    expect(result.oldCode.map(({ operation }) => operation)).toEqual(
      expect.arrayContaining(["GET /", "INSERT guestbook.Entry"]),
    );
  });

  it("is stopped where its running release could no longer write", async () => {
    const models = MODELS.replace("max_length=20, null=True", "max_length=20, default='good'");
    const result = await rehearseGuestbook("faulty", models, NOT_NULL);
    expect(blocking(result)).toContainEqual({
      id: "old-code.breaks",
      migration: "guestbook.0002_next",
      cause: expect.stringContaining('null value in column "mood"') as string,
    });
  });

  async function rehearseGuestbook(tag: string, models: string, migration: string): Promise<MigrationRehearsal> {
    const image = `${PREFIX}/guestbook:${tag}`;
    await buildOver(
      image,
      OUTGOING,
      { models, migration },
      [`COPY models ${SOURCE}guestbook/models.py`, `COPY migration ${SOURCE}guestbook/migrations/0002_next.py`].join(
        "\n",
      ),
    );
    return await rehearse(
      { ...outgoing, image },
      { form: "full", outgoing, snapshot: await findSnapshot(docker, PROJECT, SNAPSHOT_ID), paths: ["/"] },
    );
  }
});
