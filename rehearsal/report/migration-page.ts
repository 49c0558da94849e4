import type { MigrationRehearsal, PlannedMigration } from "../migration/result.ts";
import { counted, moment } from "./format.ts";
import { type Html, html } from "./html.ts";
import { page } from "./page.ts";
import { facts, findings, headline, sizes, steps, tiles, verdict } from "./page-overview.ts";
import { badge, code, folded, section, table } from "./page-parts.ts";
import { back, kills, statements, timeline } from "./page-run.ts";
import { SCRIPT } from "./page-style.ts";

const SECTIONS = [
  ["findings", "Findings"],
  ["steps", "Steps"],
  ["timeline", "Timeline"],
  ["statements", "Statements"],
  ["sizes", "Tables"],
  ["old-code", "Old release"],
  ["kills", "Killed on the way"],
  ["back", "Way back"],
  ["plan", "Plan"],
] as const;

/** A rehearsal as one HTML page that needs nothing beside itself: no other file, no network, no script. */
export async function migrationPage(rehearsal: MigrationRehearsal): Promise<string> {
  return page({
    title: `${headline(rehearsal)} · ${rehearsal.environment}`,
    header: verdict(rehearsal),
    main: html`${tiles(rehearsal)}${facts(rehearsal)}
<nav aria-label="Sections">${SECTIONS.map(([id, title]) => html`<a href="#${id}">${title}</a> `)}</nav>
${findings(rehearsal.findings)}${steps(rehearsal.steps)}${await timeline(rehearsal)}${statements(rehearsal.run)}${sizes(
  rehearsal.sizes,
)}${oldCode(rehearsal)}${kills(rehearsal.kills)}${back(rehearsal)}${plan(rehearsal.plan)}`,
    footer: `Rehearsal ${rehearsal.key}, begun ${moment(rehearsal.startedAt)}. The same is in the JSON file of the same name beside this page.`,
    script: SCRIPT,
  });
}

/** What the old release could do before and after; only what differs. */
function oldCode({ oldCode: operations, outgoing }: MigrationRehearsal): Html {
  const broken = operations.filter(({ before, after }) => before === null && after !== null);
  const mended = operations.filter(({ before, after }) => before !== null && after === null);
  const failing = operations.filter(({ before, after }) => before !== null && after !== null);
  const passing = operations.length - broken.length - mended.length - failing.length;
  const outcome = (error: string | null) =>
    error === null ? badge("good", "passed") : html`<span class="wrong">${error}</span>`;
  const changed = [...broken, ...failing.filter(({ before, after }) => before !== after), ...mended];
  const same = failing.filter(({ before, after }) => before === after).length;
  return section(
    "old-code",
    "The old release on the new schema",
    outgoing === null
      ? "No release runs in this environment yet, so none can break."
      : "Requests, reads and writes of the release that runs now, before and after the migrations: while the new release is rolled out, the old one works on the new schema. Only what changed is listed.",
    html`${
      changed.length > 0 &&
      table(
        "Operations of the old release that changed",
        [{ label: "Operation" }, { label: "Before" }, { label: "After" }],
        changed.map(({ operation, before, after }) => [
          html`<code>${operation}</code>`,
          outcome(before),
          outcome(after),
        ]),
      )
    }
${operations.length > 0 && html`<p class="quiet">${counted(passing, "operation")} passed before and after${same > 0 && `; ${counted(same, "other")} failed in the same way before and after`}.</p>`}
${operations.length === 0 && outgoing !== null && html`<p>The old release was not tried in this rehearsal.</p>`}`,
  );
}

/** The migrations in their order, with their SQL folded. */
function plan(migrations: readonly PlannedMigration[]): Html {
  return section(
    "plan",
    "Plan",
    migrations.length === 0
      ? "No migration is pending: the database has all that the release brings."
      : "The migrations in the order in which they run, with what each does and the SQL that Django makes of it.",
    html`${migrations.map(
      ({ migration, operations, sql, atomic, reversible, tables }) => html`<h3><code>${migration}</code> ${
        atomic ? badge("plain", "atomic") : badge("warn", "not atomic")
      } ${reversible ? badge("plain", "reversible") : badge("warn", "no reverse")}</h3>
<ul>${operations.map((operation) => html`<li>${operation}</li>`)}</ul>
${tables.length > 0 && html`<p class="quiet">Tables: <code>${tables.join(", ")}</code></p>`}
${folded(`SQL (${counted(sql.length, "statement")})`, sql.length === 0 ? html`<p>None; it runs Python code.</p>` : code(sql.join("\n")))}
`,
    )}`,
  );
}
