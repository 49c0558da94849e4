import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import type { MigrationRehearsal } from "../../../../rehearsal/migration/result.ts";
import { migrationPage } from "../../../../rehearsal/report/migration-page.ts";
import { ABORTED, CLEAN, EMPTY, FAILING, finding, HOSTILE, LARGE } from "./rehearsals.ts";

async function open(rehearsal: MigrationRehearsal): Promise<Document> {
  return parseHTML(await migrationPage(rehearsal)).document;
}

function text(document: Document, selector: string): string {
  return (document.querySelector(selector)?.textContent ?? "").replaceAll(/\s+/g, " ").trim();
}

function texts(document: Document, selector: string): string[] {
  return [...document.querySelectorAll(selector)].map((element) => element.textContent.replaceAll(/\s+/g, " ").trim());
}

describe("the page of a rehearsal", () => {
  it("begins with the verdict and what was rehearsed", async () => {
    const passed = await open(CLEAN);
    expect(text(passed, "h1")).toBe("Passed: 3 migrations went through");
    expect(text(passed, ".facts")).toContain("3fa9c2d4e811 of production");
    expect(text(passed, ".facts")).toContain("reference/application:5b1f20c97aa3");
    const failed = await open(FAILING);
    expect(text(failed, "h1")).toBe("Failed: this release must not be deployed");
    expect(text(failed, ".lead")).toBe("2 blocking findings, 1 warning, 1 note.");
    expect(text(failed, ".tiles .bad")).toContain("4.90 s 2.00 s are allowed");
  });

  it("gives the findings that block first, each with cause, consequence, remedy and evidence", async () => {
    const document = await open(FAILING);
    expect(texts(document, ".finding .badge")).toEqual(["Blocking", "Blocking", "Warning", "Note"]);
    const first = document.querySelector(".finding");
    expect(first?.querySelector("dl")?.textContent).toContain("rewrites 1,000,000 rows");
    expect(first?.querySelector("dl")?.textContent).toContain("the limit is 2 s");
    expect(first?.querySelector("dl")?.textContent).toContain("fill it in batches");
    expect(first?.querySelector("details:not([open])")?.textContent).toContain("still waiting for AccessShareLock");
  });

  it("draws statements, locks and waits of the run under traffic, for wide and narrow screens", async () => {
    const document = await open(FAILING);
    const labels = [...document.querySelectorAll('#timeline svg[role="img"]')].map((plot) =>
      plot.getAttribute("aria-label"),
    );
    expect(labels).toEqual(
      [
        "Timeline of 3 migrations and 4 statements.",
        "Timeline of the locks held on 2 tables.",
        "16 waits of the traffic over time; the longest is 4.90 s, the limit 2.00 s.",
      ].flatMap((label) => [label, label]),
    );
    const wide = document.querySelectorAll("#timeline .wide svg");
    expect(wide[2]?.textContent).toContain("limit 2.00 s");
    expect(wide[1]?.innerHTML).toContain("flights_flight: access exclusive for");
    expect(texts(document, ".legend strong")).toEqual([
      "access exclusive",
      "share update exclusive",
      "row exclusive",
      "row share",
    ]);
    expect(text(document, ".legend:not(.short) li")).toBe("access exclusive blocks reads and writes");
    expect(wide[2]?.innerHTML.match(/a long transaction was open for 2\.00 s/g)).toHaveLength(1);
  });

  it("gives the same in tables", async () => {
    const document = await open(FAILING);
    const waits = document.querySelectorAll('table[aria-label="Waits of the traffic"] tbody tr');
    expect(waits).toHaveLength(16);
    expect(waits[0]?.textContent).toContain("above the limit");
    expect(texts(document, 'table[aria-label="Locks held on tables"] tbody tr')[0]).toContain(
      "blocks reads and writes",
    );
    const statements = texts(document, "#statements tbody tr");
    expect(statements).toHaveLength(4);
    expect(statements[2]).toContain("1,000,000 rows, 118 MB");
    expect(statements[2]).toContain("161 MB");
  });

  it("tells what the migrations did to tables, to the old release, to a killed run and to the way back", async () => {
    const document = await open(FAILING);
    expect(texts(document, "#sizes tbody tr")).toHaveLength(3);
    expect(text(document, "#sizes")).toContain("1 other table stayed as it was.");
    expect(texts(document, "#old-code tbody tr")).toEqual([expect.stringContaining("INSERT flights.Airport")]);
    expect(text(document, "#old-code")).toContain(
      "2 operations passed before and after; 1 other failed in the same way before and after.",
    );
    expect(text(document, "#kills")).toContain("killed after statement 1 of 1: the next run fails");
    expect(text(document, "#kills")).toContain('relation "flight_origin_departs" already exists');
    expect(text(document, "#back")).toContain("The old release does not work on the migrated database");
    expect(text(document, "#back")).toContain("0009_distance_as_bigint_and_delays_filled has no reverse");
    expect(texts(document, "#plan h3")).toEqual([
      "flights.0008_airport_region atomic reversible",
      "flights.0009_distance_as_bigint_and_delays_filled atomic no reverse",
      "flights.0010_index_by_origin not atomic reversible",
    ]);
    expect(document.querySelector("#plan details:not([open]) pre")?.textContent).toContain("ADD COLUMN");
  });

  it("shows where the migrations aborted, without an old release and without traffic", async () => {
    const document = await open(ABORTED);
    expect(text(document, "#statements")).toContain('IntegrityError: column "c" of relation "t" contains null values');
    expect(text(document, "#timeline")).toContain("No traffic went on beside this run.");
    expect(text(document, "#old-code")).toContain("No release runs in this environment yet");
    expect(text(document, ".facts")).toContain("Release that runs nownone");
    expect(document.querySelectorAll("#timeline .wide svg")).toHaveLength(1);
  });

  it("says so where nothing is pending", async () => {
    const document = await open(EMPTY);
    expect(text(document, "h1")).toBe("Passed: the release brings no migration");
    expect(text(document, "#plan")).toContain("No migration is pending");
    expect(document.querySelectorAll("svg")).toHaveLength(0);
  });

  it("holds 300 statements and the locks of 40 tables", async () => {
    const document = await open(LARGE);
    expect(texts(document, "#statements tbody tr")).toHaveLength(300);
    expect(document.querySelectorAll("#statements details[open]"), "they are folded").toHaveLength(0);
    const labels = [...document.querySelectorAll(".wide svg")].map((plot) => plot.getAttribute("aria-label"));
    expect(labels).toEqual([
      "Timeline of 60 migrations and 300 statements.",
      "Timeline of the locks held on 40 tables.",
    ]);
  });

  it("takes no text for markup", async () => {
    const page = await migrationPage(HOSTILE);
    const { document } = parseHTML(page);
    expect(document.querySelectorAll("script"), "the page's own").toHaveLength(1);
    expect(document.querySelectorAll("img, b, i")).toHaveLength(0);
    expect(text(document, ".eyebrow")).toBe('Migration rehearsal for <b>"production"</b>');
    expect(text(document, ".finding h3")).toContain("<script>alert(1)</script>");
    expect(page).not.toContain("\u001b");
  });

  it("needs nothing from outside", async () => {
    const page = await migrationPage(FAILING);
    expect(page).not.toMatch(/\b(src|srcset)\s*=|<link|@import|url\(/);
    expect(page.match(/href="[^#]/g)).toBeNull();
    expect(page).toContain("default-src &#39;none&#39;");
  });

  it("explains each section in a sentence", async () => {
    for (const rehearsal of [EMPTY, CLEAN, FAILING, ABORTED, { ...EMPTY, findings: [finding()] }]) {
      const document = await open(rehearsal);
      const sections = [...document.querySelectorAll("section")];
      expect(sections).toHaveLength(9);
      for (const section of sections) {
        expect(section.querySelector(".explanation")?.textContent, section.id).toMatch(/^[A-Z].{20,}\.$/s);
      }
    }
  });
});
