import { describe, expect, it } from "vitest";
import { endedSessionFindings } from "../../../../../rehearsal/run/load/sessions.ts";

const tried = (failed: readonly string[]) => ({ ended: 16, path: "/", requests: 16, failed });

describe("requests after the server has ended the application's sessions", () => {
  it("are answered", () => {
    expect(endedSessionFindings(tried([]), 0)).toEqual([]);
  });

  it("stop the release where they fail and did not before, and are told of otherwise", () => {
    const [found] = endedSessionFindings(tried(["500", "500"]), 0);
    expect(found).toMatchObject({ id: "load.sessions-ended", severity: "blocking", subject: "/" });
    expect(found?.cause).toBe(
      "after the database's server had ended the application's 16 sessions, as its restart does, 2 of 16 requests were not answered (500); with the release before all were",
    );
    expect(endedSessionFindings(tried(["500"]), undefined)).toMatchObject([{ severity: "warning" }]);
    expect(endedSessionFindings(tried(["500"]), 3)).toMatchObject([{ severity: "warning" }]);
  });
});
