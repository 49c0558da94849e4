import { describe, expect, it } from "vitest";
import { stops, withDecisions } from "../../../../rehearsal/accepted.ts";
import type { Finding } from "../../../../rehearsal/finding.ts";

const finding = (id: string, subject: string, severity: Finding["severity"] = "blocking"): Finding => ({
  id,
  severity,
  subject,
  cause: "it is gone",
  consequence: "",
  remedy: "",
});
const GONE = finding("pages.gone", "/offers/");
const DECISION = { finding: "pages.gone", subject: "/offers/", reason: "they have ended", until: "2027-01-31" };

describe("a finding that somebody has accepted", () => {
  it("warns and says why, up to the last day", () => {
    const [accepted] = withDecisions([GONE], [DECISION], "2027-01-31");
    expect(accepted).toEqual({
      ...GONE,
      severity: "warning",
      cause: "it is gone (accepted until 2027-01-31: they have ended)",
    });
    expect(stops(withDecisions([GONE], [DECISION], "2027-01-31"))).toBe(false);
    expect(stops(withDecisions([GONE], [DECISION], "2027-02-01"))).toBe(true);
  });

  it("is that one, and no other of its kind or subject", () => {
    const others = [finding("pages.gone", "/offers/old/"), finding("pages.forbidden", "/offers/")];
    expect(withDecisions(others, [DECISION], "2027-01-01")).toEqual(others);
  });

  it("is not told of where it does not stop anything", () => {
    const warning = finding("pages.gone", "/offers/", "warning");
    expect(withDecisions([warning], [DECISION], "2027-01-01")).toEqual([warning]);
    expect(withDecisions([GONE])).toEqual([GONE]);
  });
});
