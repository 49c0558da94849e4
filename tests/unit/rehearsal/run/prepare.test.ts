import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { magnitudeFindings } from "../../../../rehearsal/run/magnitudes.ts";
import { emptyFindings } from "../../../../rehearsal/run/prepare/database.ts";
import { type Given, narrowedFindings, numbersOf } from "../../../../rehearsal/run/prepare/given.ts";
import { forwardingFindings } from "../../../../rehearsal/run/prepare/host.ts";
import { namedInDockerfile, requirementFindings } from "../../../../rehearsal/run/prepare/requirements.ts";
import { variableFindings } from "../../../../rehearsal/run/prepare/variables.ts";

const PINNED = "django==5.2 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n# via nobody\n";

function project(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), "rehearsal-project-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

describe("dependencies", () => {
  it("passes exact versions with hashes, in included files too", () => {
    expect(
      requirementFindings(project({ "requirements.txt": `-r more/base.txt\n${PINNED}`, "more/base.txt": PINNED })),
    ).toEqual([]);
  });

  it.each([
    ["a range", "django>=5.2\n", "requirements.txt: django>=5.2"],
    ["a version without a hash", `${PINNED}celery==5.4\n`, "requirements.txt: celery==5.4"],
    ["an editable folder", `${PINNED}-e ./lib\n`, "requirements.txt: -e ./lib"],
    ["a file that is not there", `${PINNED}-r gone.txt\n`, "gone.txt: which is included and not there"],
  ])("refuses %s", (_what, text, subject) => {
    expect(requirementFindings(project({ "requirements.txt": text }))).toMatchObject([
      { id: "prepare.unpinned", severity: "blocking", subject },
    ]);
  });

  it("looks at the files that a project's own Dockerfile copies", () => {
    expect(
      namedInDockerfile("COPY --from=build /x/requirements.txt /y\nCOPY deploy/requirements.txt \\\n  /tmp/\n"),
    ).toEqual(["deploy/requirements.txt"]);
    const source = project({ Dockerfile: "COPY deploy/requirements.txt /tmp/", "deploy/requirements.txt": "django\n" });
    expect(requirementFindings(source)).toMatchObject([{ subject: "deploy/requirements.txt: django" }]);
  });

  it("warns where it cannot tell, and accepts a lock file", () => {
    expect(requirementFindings(project({ Dockerfile: "RUN pip install django" }))).toMatchObject([
      { id: "prepare.dependencies-unknown", severity: "warning" },
    ]);
    expect(requirementFindings(project({ Dockerfile: "RUN uv sync", "uv.lock": "" }))).toEqual([]);
  });
});

describe("variables", () => {
  it("names the environment that lacks one, whatever its value elsewhere", () => {
    const environments = [
      { name: "Pulumi.sandbox.yaml", variables: { "app.environment": ["MAIL_HOST", "LEVEL"], "app.secrets": ["KEY"] } },
      { name: "Pulumi.production.yaml", variables: { "app.environment": ["LEVEL"], "app.secrets": ["KEY"] } },
    ];
    expect(variableFindings(environments)).toMatchObject([
      {
        id: "prepare.variable-missing",
        severity: "blocking",
        subject: "app.environment.MAIL_HOST",
        cause: "Pulumi.sandbox.yaml sets MAIL_HOST, and Pulumi.production.yaml does not",
      },
    ]);
  });
});

describe("data", () => {
  const rows = { "public.entry": 7, "public.tag": 0, "public.mark": 2 };

  it("overlooks tables that are empty in the snapshot too", () => {
    expect(emptyFindings(["public.tag"], rows, "abc")).toEqual([]);
  });

  it("warns of a table that lost its rows, and stops where all have", () => {
    expect(emptyFindings(["public.mark"], rows, "abc")).toMatchObject([
      { id: "prepare.data-missing", severity: "warning", subject: "public.mark" },
    ]);
    expect(emptyFindings(["public.entry", "public.mark", "public.tag"], rows, "abc")).toMatchObject([
      { severity: "blocking", subject: "all tables" },
    ]);
  });
});

describe("numbers among the variables", () => {
  const given = (variables: Record<string, string>) => numbersOf({ worker: variables, application: undefined });

  it("are those that are numbers, without the release's name", () => {
    expect(
      given({ INTERVAL: "300", RATE: "0.5", HOST: "db", DAY: "2026-01-01", EMPTY: "", RELEASE: "123456789012" }),
    ).toEqual({
      "worker: INTERVAL": 300,
      "worker: RATE": 0.5,
    });
  });

  it("stop the release where one is of another order than before", () => {
    const [much] = magnitudeFindings(
      "prepare.variable-magnitude",
      given({ INTERVAL: "300000" }),
      given({ INTERVAL: "300" }),
    );
    expect(much).toMatchObject({ id: "prepare.variable-magnitude", severity: "blocking", subject: "worker: INTERVAL" });
    expect(much?.cause).toBe("it is 300000; with the release before it was 300: 1000 times as much");
    expect(
      magnitudeFindings("prepare.variable-magnitude", given({ LIMIT: "8" }), given({ LIMIT: "8388608" }))[0]?.cause,
    ).toContain("times as little");
  });

  it("may be others, new, gone, or switches", () => {
    for (const [now, before] of [
      ["30", "300"],
      ["2", "0"],
      ["0", "900"],
      ["8000", "80"],
    ] as const) {
      expect(magnitudeFindings("prepare.variable-magnitude", given({ A: now }), given({ A: before })), now).toEqual([]);
    }
    expect(magnitudeFindings("prepare.variable-magnitude", given({ B: "1" }), given({ A: "1000" }))).toEqual([]);
  });
});

describe("what visitors were given", () => {
  const given = (more: Partial<Given>): Given => ({
    ...{ version: 1, environment: "e", release: "a", takenAt: "2026-01-01T00:00:00Z", numbers: {} },
    ...more,
  });
  const before = given({ hostnames: ["shop.test", "www.shop.test"], maxBodyMiB: 10 });

  it("must not be taken away by the settings without a word", () => {
    const found = narrowedFindings(given({ hostnames: ["shop.test", "api.shop.test"], maxBodyMiB: 1 }), before);
    expect(found).toMatchObject([
      { id: "prepare.hostname-gone", severity: "blocking", subject: "www.shop.test" },
      { id: "prepare.room-narrowed", severity: "blocking", cause: "it is 1; when this was last rehearsed it was 10" },
    ]);
  });

  it("must not be served by half as many at a time", () => {
    const served = (atOnce: number) => narrowedFindings(given({ atOnce }), given({ atOnce: 16 }));
    expect(served(4)).toMatchObject([{ id: "prepare.capacity", severity: "blocking", subject: "application" }]);
    expect(served(12)).toEqual([]);
    expect(narrowedFindings(given({}), given({ atOnce: 16 }))).toEqual([]);
  });

  it("may become more, or be unknown", () => {
    expect(
      narrowedFindings(given({ hostnames: [...(before.hostnames ?? []), "x.test"], maxBodyMiB: 20 }), before),
    ).toEqual([]);
    expect(narrowedFindings(before, undefined)).toEqual([]);
    expect(narrowedFindings(before, given({}))).toEqual([]);
  });
});

describe("the engine's host", () => {
  const engine = (info: object) =>
    ({ info: () => Promise.resolve(info) }) as unknown as Parameters<typeof forwardingFindings>[0];

  it("must forward packets to containers, where it can be told", async () => {
    expect(await forwardingFindings(engine({ IPv4Forwarding: false }))).toMatchObject([
      { id: "prepare.forwarding", severity: "blocking" },
    ]);
    expect(await forwardingFindings(engine({ IPv4Forwarding: true }))).toEqual([]);
    expect(await forwardingFindings(engine({}))).toEqual([]);
  });
});
