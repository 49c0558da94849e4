import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { thisMaker } from "../../../engine/temporary.ts";
import { checkDiskSpace } from "../../../rehearsal/snapshot/disk-space.ts";
import { findSnapshot, listSnapshots, SNAPSHOT_DATABASE } from "../../../rehearsal/snapshot/snapshot-image.ts";
import { WORK_LABEL } from "../../../rehearsal/snapshot/work.ts";
import { docker, SnapshotBench } from "./support.ts";

describe("a snapshot that cannot be taken", () => {
  let bench: SnapshotBench;

  beforeAll(async () => {
    bench = await SnapshotBench.open();
    await bench.database(
      "plain",
      "CREATE TABLE note (id serial PRIMARY KEY, word varchar(20)); INSERT INTO note (word) VALUES ('a')",
    );
  });

  afterAll(async () => {
    // Whatever was refused has left nothing at work.
    const left = await docker.listContainers({ all: true, filters: { label: [WORK_LABEL] } });
    await bench.remove();
    expect(left.filter(({ Labels }) => (Labels[WORK_LABEL] ?? "").includes(`"pid":${process.pid},`))).toEqual([]);
  });

  it("says that the source does not answer, and does not show the password", async () => {
    const fault = bench.create("plain", {}, { port: 1, password: "geheim" });
    await expect(fault).rejects.toThrow(/the source must answer at 127\.0\.0\.1:1\/plain; found .*ECONNREFUSED/);
    await expect(fault).rejects.not.toThrow(/geheim/);
  });

  it("says that the password is wrong, or the database absent", async () => {
    await expect(bench.create("plain", {}, { password: "wrong" })).rejects.toThrow(
      /must let role report in; it says: password authentication failed.*Correct the password/,
    );
    await expect(bench.create("absent", {})).rejects.toThrow(
      /must have the database; it says: database "absent" does not exist/,
    );
  });

  it("lists every right that the role lacks, each as a grant to run, which then suffice", async () => {
    await bench.server.query("CREATE DATABASE closed OWNER owner");
    await bench.server.query(
      `CREATE TABLE one (id serial PRIMARY KEY); CREATE TABLE "Two" (n integer); CREATE SCHEMA hidden;
       CREATE TABLE hidden.three (n integer); CREATE TABLE "open" (n integer); GRANT SELECT ON "open" TO report`,
      "closed",
    );
    let fault = "";
    await bench.create("closed", {}).catch((error: unknown) => {
      fault = String(error);
    });
    const grants = fault
      .split("\n")
      .filter((line) => line.trim().startsWith("GRANT"))
      .map((line) => line.trim());
    expect(grants).toEqual(
      [
        'GRANT USAGE ON SCHEMA hidden TO "report";',
        'GRANT SELECT ON hidden.three TO "report";',
        'GRANT SELECT ON public."Two" TO "report";',
        'GRANT SELECT ON public.one TO "report";',
        'GRANT SELECT ON SEQUENCE public.one_id_seq TO "report";',
      ].sort((one, other) => grants.indexOf(one) - grants.indexOf(other)),
    );
    for (const grant of grants) await bench.server.query(grant, "closed");
    expect((await bench.create("closed", {})).drill?.passed).toBe(true);
  });

  it("refuses rows that row security hides", async () => {
    await bench.database(
      "guarded",
      "CREATE TABLE secret (n integer); ALTER TABLE secret ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON secret TO owner USING (true)",
    );
    await expect(bench.create("guarded", {})).rejects.toThrow(
      /row security hides some of public\.secret\. Run: ALTER ROLE "report" BYPASSRLS;[\s\S]*policies of a snapshot must be for PUBLIC.*mine on public\.secret \(owner\)/,
    );
  });

  it("refuses large objects and foreign servers, saying why", async () => {
    await bench.database(
      "objects",
      "SELECT lo_from_bytea(0, 'x'); CREATE EXTENSION postgres_fdw; CREATE SERVER production FOREIGN DATA WRAPPER postgres_fdw",
    );
    await expect(bench.create("objects", {})).rejects.toThrow(
      /no large objects, whose content no rule can mask; found 1\.[\s\S]*no foreign servers, through which a clone would reach real systems; found production/,
    );
  });

  it("refuses a database whose encoding is not declared", async () => {
    await bench.server.query(
      "CREATE DATABASE ascii OWNER owner TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'",
    );
    await expect(bench.create("ascii", {})).rejects.toThrow(/must declare the encoding of its texts; found SQL_ASCII/);
  });

  it("refuses personal columns without a rule before anything is copied", async () => {
    await bench.database("people", "CREATE TABLE person (id serial PRIMARY KEY, email varchar(80), born date)");
    const lines: string[] = [];
    await expect(bench.create("people", {}, {}, (line) => lines.push(line))).rejects.toThrow(
      /2 columns look personal and have no masking rule; nothing was copied[\s\S]*person\.email: hash[\s\S]*person\.born: +shift/,
    );
    expect(lines).toEqual([]);
  });

  it("says which constraint refuses masked values", async () => {
    await bench.database(
      "strict",
      "CREATE TABLE person (email varchar(80) CHECK (email LIKE '%@example.org')); INSERT INTO person VALUES ('anna@example.org')",
    );
    await expect(bench.create("strict", { "person.email": "hash" })).rejects.toThrow(
      /rows of public\.person must fit its copy; the server says: .*"person_email_check".*choose other kinds for email/,
    );
    expect(await listSnapshots(docker, bench.project)).toHaveLength(1);
  });

  it("gives no name to a copy whose restore drill finds a difference, removes it, and says what differs", async () => {
    await bench.database("altered", "CREATE TABLE note (n integer); INSERT INTO note VALUES (1), (2), (3)");
    const images = async () =>
      (await docker.listImages({ filters: { label: [`rehearsal.snapshot.project=${bench.project}`] } })).length;
    const before = await images();
    const alter = (container: string) =>
      execFileSync("docker", [
        "exec",
        container,
        "psql",
        "-qd",
        SNAPSHOT_DATABASE,
        "-c",
        "DELETE FROM note WHERE n = 3",
      ]);
    const fault: unknown = await bench
      .create("altered", {}, {}, (line) => {
        // What the copying of rows cannot see: something happens to the copy itself.
        if (!line.startsWith("stopping the server")) return;
        const builders = execFileSync("docker", [
          "ps",
          "-q",
          "--filter",
          "name=snapshot-build",
          "--filter",
          `label=${WORK_LABEL}=${thisMaker()}`,
        ]);
        for (const container of builders.toString().split("\n").filter(Boolean)) alter(container);
      })
      .catch((error: unknown) => error);
    expect(String(fault)).toMatch(
      /the copy must equal its source; the restore drill found 3 differences, and the image was removed\.[\s\S]*public\.note has 3 rows in the source and 2 in the copy/,
    );
    expect(await images()).toBe(before);
    const report = /The report is (\S+\.json)\./.exec(String(fault))?.[1] ?? "none";
    expect(existsSync(report), report).toBe(true);
    expect(JSON.parse(readFileSync(report, "utf8"))).toMatchObject({ drill: { passed: false } });
  });

  it("says how much the disk is short of", async () => {
    await expect(checkDiskSpace(docker, 5 * 1024 ** 3, () => Promise.resolve(1024 ** 3))).rejects.toThrow(
      /must have 11\.3 GB free at .* for a source of 5\.0 GB; found 1\.0 GB\. Free some with: npx rehearse snapshot prune/,
    );
    await expect(checkDiskSpace(docker, 1024, () => Promise.resolve(1024 ** 3))).resolves.toBeUndefined();
    await expect(checkDiskSpace(docker, 1024 ** 5, () => Promise.resolve(undefined))).resolves.toBeUndefined();
  });

  it("refuses an id that means none or several, saying what there is", async () => {
    await expect(findSnapshot(docker, "it-nobodys", "newest")).rejects.toThrow(
      /must hold at least one snapshot of project it-nobodys; found none\. Make one with: npx rehearse snapshot create/,
    );
    await expect(findSnapshot(docker, bench.project, "zz")).rejects.toThrow(
      /exactly one snapshot whose id begins with "zz"/,
    );
  });

  it("writes nothing to the source", async () => {
    const before = await bench.server.query(
      "SELECT xact_commit > 0 AS used, pg_current_wal_lsn()::text AS lsn FROM pg_stat_database WHERE datname = 'plain'",
    );
    const dumped = "SELECT n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables";
    const rows = await bench.server.query(dumped, "plain");
    expect((await bench.create("plain", {})).isNew).toBe(true);
    expect(await bench.server.query(dumped, "plain")).toEqual(rows);
    expect(before).toHaveLength(1);
    const sessions = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'rehearse snapshot'";
    expect(await bench.server.query(sessions)).toEqual([]);
  });
});
