import { describe, expect, it } from "vitest";
import type { RunContext } from "../../../../rehearsal/run/context.ts";
import { parseTools, restoreFindings, toolFindings } from "../../../../rehearsal/run/preflight/backups.ts";
import { givenFindings } from "../../../../rehearsal/run/preflight/certificate.ts";
import { extensionFindings } from "../../../../rehearsal/run/preflight/database.ts";
import { djangoFindings } from "../../../../rehearsal/run/preflight/django-settings.ts";
import { type EngineNode, nodeFindings, updateFindings } from "../../../../rehearsal/run/preflight/engine.ts";
import { architectureFindings, diskFindings } from "../../../../rehearsal/run/preflight/images.ts";
import { migrationStorage } from "../../../../rehearsal/run/preflight/migrations.ts";
import { addressPool, parseRoutes, poolFindings, subnet } from "../../../../rehearsal/run/preflight/network.ts";
import type { DemandedContainer } from "../../../../rehearsal/run/preflight/production.ts";
import { historyFindings, readFindings } from "../../../../rehearsal/run/preflight/release.ts";
import { type ServerFacts, serverFindings } from "../../../../rehearsal/run/preflight/server.ts";
import {
  formFindings,
  parityFindings,
  settingFindings,
  takenForTrueFindings,
} from "../../../../rehearsal/run/preflight/settings.ts";
import { preflight } from "../../../../rehearsal/run/preflight/step.ts";
import type { Snapshot } from "../../../../rehearsal/snapshot/snapshot-image.ts";
import { told } from "./runs.ts";

const DAY = 86_400_000;
const GB = 1_000_000_000;
const NOW = Date.parse("2026-03-01T12:00:00Z");

describe("a preflight", () => {
  it.each([
    ["no production is named", {}],
    ["it is not set up", { production: () => ({ none: "it is not set up" }) }],
  ])("is skipped where %s, and says so", async (reason, context) => {
    expect(await preflight.run(context as unknown as RunContext)).toEqual({
      detail: reason,
      findings: [],
      skipped: reason,
    });
  });

  it("stops where the settings cannot be read, with each of them", async () => {
    const fault = { path: "rehearsal:gateway.port", rule: "a whole number", found: '"x"', remedy: "Mend it." };
    const production = {
      stack: "live",
      environment: "shop-live",
      project: "shop",
      faults: [fault],
      deployed: undefined,
    };
    const context = { production: () => ({ ...production, demands: undefined }) } as unknown as RunContext;
    expect(told((await preflight.run(context)).findings)).toEqual(["blocking preflight.setting"]);
    expect(settingFindings("live", [fault])).toMatchObject([
      { subject: "live, rehearsal:gateway.port", cause: 'it must be a whole number; found "x"', remedy: "Mend it." },
    ]);
  });
});

describe("variables", () => {
  it("that only the rehearsed environment sets stop the release; those that only production sets do not", () => {
    const here = { name: "sandbox", variables: { "app.environment": ["A", "B"], "app.secrets": ["C"] } };
    const there = { name: "live", variables: { "app.environment": ["A", "X"] } };
    const found = parityFindings(here, there);
    expect(found.map(({ subject }) => subject)).toEqual(["live, app.environment.B", "live, app.secrets.C"]);
    expect(told(found)).toEqual(Array.from({ length: 2 }, () => "blocking preflight.variable-missing"));
  });

  it("that are a number where the release was rehearsed must be one", () => {
    const form = (here: string, there: string) =>
      told(formFindings("live", ["MOST", "MOST"], { MOST: here }, { MOST: there }));
    for (const value of ["1000000", "1_000_000", "2.5", " 7 "]) expect(form("100", value)).toEqual([]);
    for (const value of ["1,000,000", "30s", "10 MB"])
      expect(form("100", value)).toEqual(["blocking preflight.variable-form"]);
    expect(form("100", "unlimited")).toEqual(["warning preflight.variable-form"]);
    expect(form('{"a": 1}', "{'a': 1}")).toEqual(["blocking preflight.variable-form"]);
    expect(form("smtp://one", "console")).toEqual([]);
    expect(formFindings("live", ["MOST"], { MOST: "1" }, {})).toEqual([]);
  });

  it("that code reads without a default stop it, and under a condition warn", () => {
    const read = { variable: "PAY_URL", where: "shop.pay, line 7", code: 'os.environ["PAY_URL"]' };
    const [certain, conditional] = readFindings("live", [
      { ...read, certain: true },
      { ...read, certain: false },
    ]);
    expect(certain).toMatchObject({ severity: "blocking", subject: "live, variable PAY_URL" });
    expect(certain?.cause).toContain("shop.pay, line 7 reads PAY_URL without a default, and neither");
    expect(conditional).toMatchObject({ severity: "warning" });
  });
});

describe("Django's settings with the variables of production", () => {
  const values = { numbers: {}, switches: {}, classes: {}, lists: {} };
  const settings = { refusedHosts: [], cookieDomains: {}, values };
  const found = (there: object, here = values) =>
    djangoFindings("live", ["shop.example", "www.shop.example", "*.shop.example"], here, { ...settings, ...there });

  it("must know its hosts, and set cookies that browsers take", () => {
    expect(found({ cookieDomains: { SESSION_COOKIE_DOMAIN: ".shop.example" } })).toEqual([]);
    expect(told(found({ refusedHosts: ["www.shop.example"] }))).toEqual(["blocking preflight.hosts"]);
    const [finding] = found({ cookieDomains: { CSRF_COOKIE_DOMAIN: "www.shop.example" } });
    expect(finding).toMatchObject({ severity: "blocking", subject: "live, CSRF_COOKIE_DOMAIN" });
    expect(finding?.cause).toContain("which shop.example, *.shop.example may set no cookie for");
  });

  it("must guard as where the release was rehearsed, and may differ in numbers", () => {
    const debug = (DEBUG: boolean) => ({ ...values, switches: { DEBUG } });
    expect(found({ values: debug(true) }, debug(false))).toMatchObject([
      {
        id: "preflight.settings-guard",
        severity: "blocking",
        subject: "live, DEBUG",
        cause: "it is on; where it was rehearsed it was off",
      },
    ]);
    expect(found({ values: debug(false) }, debug(true))).toEqual([]);
    const age = (CACHE: number) => ({ ...values, numbers: { CACHE } });
    expect(told(found({ values: age(1) }, age(3600)))).toEqual(["warning preflight.settings-magnitude"]);
  });
});

describe("the history of migrations", () => {
  const history = { pending: [], unknown: [], inconsistencies: [] };

  it("stops the release where production is ahead, and warns of what is not known any more", () => {
    expect(historyFindings("live", history)).toEqual([]);
    const unknown = [
      { migration: "shop.0004_hotfix", ahead: true },
      { migration: "shop.0002_old", ahead: false },
    ];
    const found = historyFindings("live", { ...history, unknown });
    expect(found.map(({ severity, subject }) => `${severity} ${subject}`)).toEqual([
      "blocking shop.0004_hotfix",
      "warning shop.0002_old",
    ]);
    expect(told(historyFindings("live", { ...history, inconsistencies: ["a before b"] }))).toEqual([
      "blocking preflight.history",
    ]);
  });
});

describe("a switch that is off", () => {
  const found = (here: Record<string, string>) => takenForTrueFindings("live", ["CLOSED"], here, { CLOSED: "false" });

  it("stops the release where the code takes its word for true, and it was rehearsed otherwise", () => {
    expect(told(found({ CLOSED: "" }))).toEqual(["blocking preflight.taken-for-true"]);
    expect(found({})[0]?.cause).toContain('it is "false", and the setting of that name is on all the same');
    expect(found({ CLOSED: "False" })).toEqual([]);
    expect(takenForTrueFindings("live", [], {}, { CLOSED: "false" })).toEqual([]);
  });
});

describe("storage for pending migrations", () => {
  const need = {
    peakBytes: GB,
    incoming: "shop:1",
    startedAt: "",
    snapshot: { bytes: GB },
    plan: [{ migration: "a.1" }],
  };

  it("is what they held on the clone, as much more as production is larger", () => {
    expect(migrationStorage("live", ["a.1"], need, { databaseBytes: 3 * GB, freeBytes: 2 * GB })).toMatchObject([
      { severity: "blocking", evidence: ["a.1"] },
    ]);
    expect(migrationStorage("live", ["a.1"], need, { databaseBytes: GB / 2, freeBytes: 2 * GB })).toEqual([]);
  });

  it("is not asked for where none of them is pending, or nothing is known", () => {
    const full = { databaseBytes: GB, freeBytes: 0 };
    expect(migrationStorage("live", [], need, full)).toEqual([]);
    expect(migrationStorage("live", ["a.1"], undefined, full)).toEqual([]);
    expect(migrationStorage("live", ["a.1"], need, { ...full, freeBytes: undefined })).toEqual([]);
  });
});

describe("a given certificate", () => {
  const demanded = { hostnames: ["shop.example"], gateway: { address: "127.0.0.1", port: 443 }, days: 21 };
  const given = (days: number) => ({
    fingerprint: "AB",
    subject: "CN=shop.example",
    endsAt: NOW + days * DAY,
    chain: "",
    key: "",
    authority: "",
  });

  it("is warned of when it has fewer days left than are wanted", () => {
    expect(givenFindings("live", { ...demanded, given: given(30) }, NOW)).toEqual([]);
    expect(givenFindings("live", { ...demanded, given: undefined }, NOW)).toEqual([]);
    const found = givenFindings("live", { ...demanded, given: given(17) }, NOW);
    expect(told(found)).toEqual(["warning preflight.certificate"]);
    expect(found[0]?.cause).toContain("has 17 days left; 21 are wanted");
  });
});

describe("the engine", () => {
  const node: EngineNode = {
    name: "one",
    architecture: "amd64",
    version: "27.1.2",
    memoryBytes: 4 * GB,
    cpus: 2,
    takesTasks: true,
    state: "ready, active",
  };
  const container: DemandedContainer = { name: "app", tasks: 2, memoryBytes: GB, cpus: 1, startFirst: true };

  it("takes what fits it", () => {
    expect(nodeFindings([node], [container], "27.0.0")).toEqual([]);
  });

  it.each([
    [
      "no node that takes tasks",
      [{ ...node, takesTasks: false, state: "ready, drain" }],
      container,
      "blocking preflight.node",
    ],
    ["a node that is away", [node, { ...node, takesTasks: false }], container, "warning preflight.node"],
    ["an engine that is too old", [{ ...node, version: "19.3.15" }], container, "blocking preflight.engine-version"],
    [
      "an older engine than rehearsed on",
      [{ ...node, version: "26.1.0" }],
      container,
      "warning preflight.engine-version",
    ],
    ["more processors than there are", [node], { ...container, cpus: 4 }, "blocking preflight.processors"],
    ["more memory than a node has", [node], { ...container, memoryBytes: 5 * GB }, "warning preflight.memory"],
    ["more memory than all have together", [node], { ...container, tasks: 5 }, "warning preflight.memory"],
    ["more memory during an update", [node], { ...container, tasks: 3 }, "warning preflight.memory"],
  ])("is told of %s", (_what, nodes, demanded, finding) => {
    expect(told(nodeFindings(nodes, [demanded], "27.0.0"))).toEqual([finding]);
  });

  it("refuses images of another architecture", () => {
    const images = new Map([["application", { architecture: "amd64", bytes: GB }]]);
    const other = { ...node, name: "two", architecture: "arm64" };
    expect(architectureFindings(images, [node])).toEqual([]);
    expect(told(architectureFindings(images, [other]))).toEqual(["blocking preflight.architecture"]);
    expect(told(architectureFindings(images, [node, other]))).toEqual(["warning preflight.architecture"]);
    expect(architectureFindings(new Map(), [other])).toEqual([]);
  });

  it("has room on its disk for what is pulled", () => {
    const images = new Map([["application", { architecture: "amd64", bytes: 3 * GB }]]);
    const disk = (free: number) => ({ freeBytes: free * GB, totalBytes: 100 * GB });
    expect(diskFindings(disk(2), images, [])).toEqual([]);
    expect(told(diskFindings(disk(2), images, ["application"]))).toEqual(["blocking preflight.engine-disk"]);
    expect(told(diskFindings(disk(3.5), images, ["application"]))).toEqual(["warning preflight.engine-disk"]);
  });

  it("tells of an update that swarm took back", () => {
    const service = (State: string) => ({
      Spec: { Name: "shop-app" },
      UpdateStatus: { State, Message: "task failed" },
    });
    expect(updateFindings([service("completed"), { Spec: { Name: "shop-etl" } }])).toEqual([]);
    expect(told(updateFindings([service("rollback_completed"), service("paused")]))).toEqual(
      Array.from({ length: 2 }, () => "warning preflight.update-failed"),
    );
  });
});

describe("subnets for new networks", () => {
  const pool = addressPool(["10.0.0.0/8"], 24);

  it("are free where neither swarm nor the host has them", () => {
    expect(poolFindings(pool, subnet("ingress", "10.0.0.0/24"), subnet("bridge", "172.17.0.0/16"), ["front"])).toEqual(
      [],
    );
  });

  it("are warned of where the next overlaps with what the host has", () => {
    const found = poolFindings(pool, [], subnet("network lan", "10.0.0.0/16"), ["front", "app"]);
    expect(told(found)).toEqual(["warning preflight.subnet"]);
    expect(found[0]?.cause).toContain("overlap with network lan");
  });

  it("stop the release where all overlap, or the pool is used up", () => {
    expect(told(poolFindings(pool, [], subnet("a route", "10.0.0.0/8"), ["front"]))).toEqual([
      "blocking preflight.subnet",
    ]);
    const small = addressPool(["10.9.0.0/23"], 24);
    const found = poolFindings(small, subnet("one", "10.9.1.0/24"), [], ["front", "app"]);
    expect(told(found)).toEqual(["blocking preflight.subnet"]);
    expect(found[0]?.cause).toContain("has 1 free subnets, and 2 are needed");
  });

  it("reads the host's routes, but for the engine's own and the way out", () => {
    const line = (device: string, destination: string, mask: string) =>
      [device, destination, "00000000", "0001", "0", "0", "0", mask, "0", "0", "0"].join("\t");
    const text = [
      "Iface\tDestination",
      line("eth0", "00000000", "00000000"),
      line("tun0", "0000140A", "0000FFFF"),
      line("docker0", "000011AC", "0000FFFF"),
    ];
    expect(parseRoutes(text.join("\n"))).toEqual([
      { ...subnet("", "10.20.0.0/16")[0], name: "the host's route by tun0" },
    ]);
  });
});

describe("the database server", () => {
  const facts: ServerFacts = { version: 170_005, libraries: [], collations: [] };
  const collation = { name: "database app", provider: "c", locale: "de_DE.utf8", recorded: "2.36", indexed: true };
  const library = (version: string | null, locale = "de_DE.utf8", provider = "c") => ({ provider, locale, version });

  it("may be the one that was rehearsed on", () => {
    const same = { ...facts, libraries: [library("2.36")], collations: [collation] };
    expect(serverFindings("live", same, same, true)).toEqual([]);
  });

  it.each([
    ["another major version that is replaced", 160_002, 170_005, true, ["blocking preflight.server-version"]],
    ["another major version that stays", 160_002, 170_005, false, ["warning preflight.server-version"]],
    ["an older minor version", 170_006, 170_005, true, ["warning preflight.server-version"]],
    ["a newer minor version", 170_004, 170_005, true, []],
    ["a newer minor version that stays", 170_006, 170_005, false, []],
  ])("is judged where it is %s", (_what, production, rehearsed, replaced, expected) => {
    expect(
      told(serverFindings("live", { ...facts, version: production }, { ...facts, version: rehearsed }, replaced)),
    ).toEqual(expected);
  });

  it("stops the release whose image sorts texts otherwise", () => {
    const production = { ...facts, collations: [collation] };
    const judged = (...libraries: ReturnType<typeof library>[]) =>
      told(serverFindings("live", production, { ...facts, libraries }, true));
    expect(judged(library("2.41"))).toEqual(["blocking preflight.collation-version"]);
    expect(judged(library("2.41", "en_US.utf8")), "one version for all of the C library's").toHaveLength(1);
    expect(judged(library("153.1", "de_DE.utf8", "i")), "another library").toEqual([]);
    expect(judged(library(null)), "one that never changes").toEqual([]);
    expect(serverFindings("live", production, { ...facts, libraries: [library("2.41")] }, false)).toEqual([]);
  });

  it("must have the files of extensions that the deployment creates", () => {
    expect(extensionFindings("live", ["pg_trgm"], ["pg_trgm", "hstore"])).toEqual([]);
    expect(told(extensionFindings("live", ["postgis"], ["pg_trgm"]))).toEqual(["blocking preflight.extension"]);
  });
});

describe("backups", () => {
  const lines = ["pg_dump (PostgreSQL) 16.4", "pg_restore (PostgreSQL) 17.5 (Debian 17.5-1)", "sh: 1: psql: not found"];

  it("are made by tools that are as new as the server", () => {
    const tools = parseTools(lines, "container db");
    expect(tools.map(({ name, major }) => `${name} ${major}`)).toEqual(["pg_dump 16", "pg_restore 17", "psql 0"]);
    const found = toolFindings("live", tools, 170_005);
    expect(found.map(({ subject }) => subject)).toEqual([
      "live, pg_dump in container db",
      "live, psql in container db",
    ]);
    expect(told(found)).toEqual(Array.from({ length: 2 }, () => "blocking preflight.backup-tool"));
    expect(toolFindings("live", tools.slice(0, 2), 160_001)).toEqual([]);
  });

  it("are proven by a recent snapshot of production alone", () => {
    const snapshot = (source: string, days: number) =>
      ({ id: "a1b2c3d4e5f6", source, takenAt: new Date(NOW - days * DAY).toISOString() }) as Snapshot;
    expect(restoreFindings("live", [snapshot("live", 3)], NOW)).toEqual([]);
    expect(told(restoreFindings("live", [snapshot("sandbox", 1)], NOW))).toEqual(["note preflight.restore-unproven"]);
    expect(restoreFindings("live", [snapshot("live", 20)], NOW)[0]?.cause).toContain("is 20 days old");
  });
});
