import { describe, expect, it } from "vitest";
import { CLEAN_RELEASES } from "./harness/clean.ts";
import { describeFault } from "./harness/fault.ts";
import { blocking, migrationFile, nextRelease, productionWith, rehearse } from "./harness/stage.ts";

describeFault({
  id: "clones",
  class: "clean releases",
  title: "releases of many kinds on clones of production's data",
  covers: "migrations as the textbook says, without a warning",
});

describe("a clean release passes the whole rehearsal, without a false alarm", () => {
  it.each(CLEAN_RELEASES)("$what", async ({ changes, before }) => {
    const production = await productionWith(before);
    const incoming = await nextRelease(changes);
    const result = await rehearse(incoming, { form: "full", ...production });
    expect(blocking(result)).toEqual([]);
    const warnings = result.findings.filter(({ severity }) => severity === "warning");
    expect(warnings.map(({ id, subject, cause }) => `${id} ${subject}: ${cause}`)).toEqual([]);
    expect(result.verdict).toBe("pass");
    const pending = Object.keys(changes).filter((file) => /migrations\/\d/.test(file) && before?.[file] === undefined);
    expect(result.run.map(({ migration }) => migration).sort()).toEqual(
      pending.map((file) => file.replace("/migrations/", ".").replace(".py", "")).sort(),
    );
    expect(result.steps.map(({ status }) => status)).not.toContain("skipped");
  });

  it("a release without migrations, with nothing to run", async () => {
    const result = await rehearse(await nextRelease({ "flights/delays.py": "" }), { form: "full" });
    expect(result).toMatchObject({ verdict: "pass", findings: [], run: [] });
    expect(result.steps.map(({ id }) => id)).toEqual(["clone", "plan", "schema"]);
  });

  it("a squash of migrations that are all applied already", async () => {
    const operations =
      'ValidateConstraint("flight", "flight_goes_elsewhere"), ValidateConstraint("flight", "flight_has_distance")';
    const squashed = migrationFile(
      ["flights", "0006_flight_checks"],
      operations,
      'replaces = [("flights", "0007_validate_flight_checks")]',
    );
    const release = await nextRelease({ "flights/migrations/0007_squashed.py": squashed });
    expect(await rehearse(release, { form: "full" })).toMatchObject({ verdict: "pass", findings: [], run: [] });
  });
});
