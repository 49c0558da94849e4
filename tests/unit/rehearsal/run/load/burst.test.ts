import { describe, expect, it } from "vitest";
import { burstFindings, tryBursts } from "../../../../../rehearsal/run/load/burst.ts";
import { testGateway } from "../../gateway.ts";

describe("many requests for one page at the same time", () => {
  it("must all be answered", async () => {
    let atOnce = 0;
    const { environment } = await testGateway(({ path }) => {
      atOnce++;
      setTimeout(() => atOnce--, 20);
      // As an application does whose threads wait for each other.
      return { status: path === "/alone/" && atOnce > 4 ? 504 : 200, body: "" };
    });
    const bursts = await tryBursts(
      environment,
      { pages: ["/", "/alone/"], asset: "/x.css" },
      8,
      new AbortController().signal,
    );
    expect(bursts).toMatchObject([
      { path: "/", requests: 24, failed: [] },
      { path: "/alone/", requests: 24 },
    ]);
    expect(burstFindings(bursts)).toMatchObject([{ id: "load.burst", severity: "blocking", subject: "/alone/" }]);
    expect(burstFindings(bursts)[0]?.cause).toMatch(
      /^of 24 requests for it at the same time \d+ were not answered \(504\)$/,
    );
  });
});
