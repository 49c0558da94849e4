import { describe, expect, it } from "vitest";
import { lostFindings } from "../../../../../rehearsal/run/load/lost.ts";
import type { PhaseName } from "../../../../../rehearsal/run/load/phases.ts";
import { during, PHASES, reply } from "./samples.ts";

const TARGETS = { pages: ["/", "/list/"], asset: "/static/site.1234.css" };
const BEFORE = { release: "r1", passed: true };

describe("requests under load", () => {
  it("are all well where each has an answer", () => {
    const replies = [...TARGETS.pages, TARGETS.asset].map((path) => reply(path));
    expect(lostFindings([...replies, reply("/", { status: 302 })], PHASES, TARGETS, BEFORE)).toEqual([]);
  });

  it.each([
    ["an answer of 500", { status: 500 }, "500"],
    ["none", { status: 0, error: "connect ECONNREFUSED" }, "connect ECONNREFUSED"],
  ])("stop the release where one gets %s", (_what, changes, words) => {
    const replies = [reply("/"), reply("/list/", changes)];
    const [finding] = lostFindings(replies, PHASES, TARGETS, BEFORE);
    expect(finding).toMatchObject({ id: "load.requests-lost", severity: "blocking" });
    expect(finding?.cause).toContain("1 of 2 requests");
    expect(finding?.evidence?.[0]).toContain(`1 × /list/: ${words}`);
  });

  it("stop it where a static file is not there", () => {
    const findings = lostFindings([reply(TARGETS.asset, { status: 404, at: during("back") })], PHASES, TARGETS, BEFORE);
    expect(findings).toMatchObject([{ id: "load.requests-lost", severity: "blocking" }]);
  });

  it.each<[PhaseName, string]>([
    ["away", "while the services went back to release r1"],
    ["back", "while a rolling update brought this release again"],
    ["after", "while nothing was changed any more"],
  ])("are told apart by what was done: %s", (name, words) => {
    const [finding] = lostFindings([reply("/", { status: 0, at: during(name) })], PHASES, TARGETS, BEFORE);
    expect(finding?.subject).toContain(words);
  });

  it("count among those while nothing was changed where they were sent before that began", () => {
    const early = { at: during("steady") - 60_000 };
    const [finding, ...others] = lostFindings(
      [reply("/", { status: 500, ...early }), reply("/", early), reply("/")],
      PHASES,
      TARGETS,
      BEFORE,
    );
    expect(finding?.subject).toBe("requests while nothing was changed");
    expect(finding?.cause).toContain("1 of 3 requests");
    expect(others).toEqual([]);
  });

  it("name the release before where that fails on what this one has made", () => {
    const replies = [reply("/", { status: 500, at: during("there") })];
    expect(lostFindings(replies, PHASES, TARGETS, BEFORE)).toMatchObject([
      { id: "load.release-before-fails", severity: "blocking", subject: "requests while release r1 served" },
    ]);
  });

  it("only warn of what a release answers that no rehearsal has passed", () => {
    const before = { release: "r1", passed: false };
    const own = [reply("/", { status: 500, at: during("there") })];
    expect(lostFindings(own, PHASES, TARGETS, before)).toMatchObject([{ severity: "warning" }]);
    const none = [reply("/", { status: 502, at: during("there") })];
    expect(lostFindings(none, PHASES, TARGETS, before)).toMatchObject([{ severity: "blocking" }]);
  });

  it("may be refused by a limit, and by a release that does not have the page", () => {
    expect(lostFindings([reply("/", { status: 429 })], PHASES, TARGETS, BEFORE)).toMatchObject([
      { id: "load.requests-limited", severity: "note" },
    ]);
    expect(lostFindings([reply("/", { status: 404, at: during("there") })], PHASES, TARGETS, BEFORE)).toEqual([]);
    expect(lostFindings([reply("/", { status: 404 })], PHASES, TARGETS, BEFORE)).toMatchObject([
      { id: "load.requests-refused", severity: "warning" },
    ]);
  });
});
