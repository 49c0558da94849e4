import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runOneShot } from "../../engine/one-shot.ts";
import { withConnection } from "../../engine/postgres.ts";
import { createSnapshot } from "../../rehearsal/snapshot/create.ts";
import { listSnapshots } from "../../rehearsal/snapshot/snapshot-image.ts";
import { build, buildOver } from "../integration/images/builds.ts";
import { directoryOf, docker, extraCertificates } from "../integration/images/support.ts";
import { describeFault } from "./harness/fault.ts";
import { PREFIX } from "./harness/names.ts";
import { Twin } from "./harness/stage.ts";

describeFault({
  id: "B8",
  class: "database",
  title: "the backup tool is older than the server",
  covers: "copies of a database that are not complete, or not at all",
});

const OLDER = `${PREFIX}/postgres:older-tools`;
const SILENT = `${PREFIX}/postgres:silent-tools`;
const HALF = `${PREFIX}/postgres:half-tools`;
const PROJECT = `${PREFIX}-backups`;
const TOOL = "/usr/lib/postgresql/17/bin/pg_dump";
/** PostgreSQL 16's own pg_dump; the servers here are of version 17. */
const OLDER_TOOL = "pgserver==0.1.4";
const OLDER_IMAGE = `
FROM debian:trixie-slim AS older
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-pip ca-certificates >/dev/null
ARG EXTRA_CA_CERTIFICATES=""
RUN cp /etc/ssl/certs/ca-certificates.crt /tmp/certificates.pem && printf '%s' "$EXTRA_CA_CERTIFICATES" | base64 -d >> /tmp/certificates.pem \\
 && PIP_CERT=/tmp/certificates.pem pip download --quiet --no-deps --only-binary=:all: --python-version 3.12 --dest /tmp ${OLDER_TOOL} \\
 && python3 -m zipfile -e /tmp/pgserver-*.whl /older && chmod 0755 /older/pgserver/pginstall/bin/pg_dump
FROM ${PREFIX}/postgres:base
COPY --from=older /older/ /opt/older/
USER 0:0
RUN ln -sf /opt/older/pgserver/pginstall/bin/pg_dump ${TOOL}
USER 999:999
`;
/** Says nothing and is content, as a tool does whose error goes unheard in a pipe. */
const SILENT_TOOL = "#!/bin/sh\nexit 0\n";
/** Leaves out indexes, and says nothing of it. */
const HALF_TOOL = `#!/bin/sh
${TOOL}.whole "$@" > /tmp/dump || exit
sed '/^CREATE INDEX/d' /tmp/dump
`;

/** The nightly job of many a project: nobody looks at the exit code of what stands before a pipe. */
const BACKUP = `
pg_dump "$SOURCE" | gzip > /tmp/backup.sql.gz
echo "backup ended with $?"
echo "backup holds $(gunzip -c /tmp/backup.sql.gz | wc -c) bytes"
gunzip -c /tmp/backup.sql.gz | psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 "$TARGET"
echo "restore ended with $?"
`;

describe("B8: the backup tool is older than the server", () => {
  const reports = mkdtempSync(path.join(tmpdir(), "faults-reports-"));
  let twin: Twin;

  beforeAll(async () => {
    const context = await directoryOf({ Dockerfile: OLDER_IMAGE });
    await build({
      tag: OLDER,
      context: context.path,
      buildArgs: { EXTRA_CA_CERTIFICATES: await extraCertificates() },
    });
    await context.remove();
    for (const [image, tool] of [
      [SILENT, SILENT_TOOL],
      [HALF, HALF_TOOL],
    ] as const) {
      const replace = `USER 0:0\nRUN mv ${TOOL} ${TOOL}.whole\nCOPY --chown=0:0 tool ${TOOL}\nRUN chmod 0755 ${TOOL}\nUSER 999:999`;
      await buildOver(image, `${PREFIX}/postgres:base`, { tool }, replace);
    }
    twin = await Twin.start();
  });
  afterAll(async () => {
    await twin.remove();
    rmSync(reports, { recursive: true, force: true });
  });

  it("gives an unguarded twin backups that succeed and hold nothing", async () => {
    await withConnection(twin.clone.address, (client) => client.query("CREATE DATABASE restored OWNER owner"));
    const said: string[] = [];
    await runOneShot(
      docker,
      {
        name: `${twin.clone.name}-backup-${randomBytes(3).toString("hex")}`,
        image: OLDER,
        command: ["sh", "-c", BACKUP],
        environment: { SOURCE: twin.clone.url("owner"), TARGET: twin.clone.url("owner", "restored") },
        secrets: {},
        networks: [twin.clone.name],
        memoryBytes: 256 * 1024 * 1024,
      },
      (line) => said.push(line),
    );
    expect(said.join("\n")).toContain("aborting because of server version mismatch");
    expect(said).toContain("backup ended with 0");
    expect(said).toContain("backup holds 0 bytes");
    expect(said).toContain("restore ended with 0");
    const restored = await withConnection({ ...twin.clone.address, database: "restored" }, (client) =>
      client.query("SELECT FROM pg_tables WHERE schemaname = 'public'"),
    );
    expect(restored.rowCount).toBe(0);
  });

  it("makes no snapshot: the tool's own words end it", async () => {
    await expect(snapshotWith(OLDER)).rejects.toThrow(/server version: 17.*pg_dump version: 16/s);
    expect(await listSnapshots(docker, PROJECT)).toEqual([]);
  });

  it("makes no snapshot of a dump that came out empty without a word", async () => {
    await expect(snapshotWith(SILENT)).rejects.toThrow(/whole schema.*found 0 characters/);
    expect(await listSnapshots(docker, PROJECT)).toEqual([]);
  });

  it("makes no snapshot of a dump that lacks half: the restore drill names what is not there", async () => {
    await expect(snapshotWith(HALF)).rejects.toThrow(/restore drill found \d+ differences.*flight_origin_departs_at/s);
    expect(await listSnapshots(docker, PROJECT)).toEqual([]);
  });

  it("makes one with the server's own tool", async () => {
    const { snapshot, drill } = await snapshotWith(`${PREFIX}/postgres:base`);
    await docker.getImage(snapshot.image).remove({ force: true });
    expect(drill?.differences).toEqual([]);
    expect(snapshot.rows["public.flights_flight"]).toBe(600000);
  });

  async function snapshotWith(postgresImage: string) {
    return await createSnapshot(
      docker,
      {
        project: PROJECT,
        sourceName: "production",
        source: twin.clone.as("owner"),
        postgresImage,
        registry: "none",
        rules: {
          "etl_rejectedrow.*": "keep",
          "etl_run.*": "keep",
          "flights_airport.*": "keep",
          "flights_remark.*": "keep",
        },
        key: { key: Buffer.alloc(32, 7), fingerprint: "test" },
        reports,
        eachTable: false,
      },
      () => undefined,
      new AbortController().signal,
    );
  }
});
