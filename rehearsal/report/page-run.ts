import type { MigrationRehearsal, MigrationRun, StatementRun } from "../migration/result.ts";
import { byteChange, bytes, count, counted, duration, runSeconds } from "./format.ts";
import { type Html, html } from "./html.ts";
import { LOCK_MODES, lockBlocks, lockName, lockRank } from "./lock-modes.ts";
import { badge, code, folded, section, table } from "./page-parts.ts";
import { drawTimeline, waited } from "./timeline.ts";
import { tableLocks } from "./timeline-rows.ts";

/** Past so many statements, those of a migration that went well are folded. */
const OPEN_STATEMENTS = 40;
const LOCK_HEIGHTS = { none: ".4rem", writes: ".7rem", all: "1rem" } as const;

/** Statements, locks and waits over one time axis. */
export async function timeline({ run, traffic }: MigrationRehearsal): Promise<Html> {
  const beside = traffic !== null && traffic.run.length > 0 ? traffic : null;
  const shown = beside?.run ?? run;
  if (shown.length === 0) {
    return section("timeline", "Timeline", "Nothing is drawn here, as no migration ran.");
  }
  const plots = await drawTimeline(shown, beside);
  const figure = (title: string, words: Html | string, plot: Html, ...under: readonly Html[]) =>
    html`<h3>${title}</h3><p class="explanation">${words}</p><figure class="plot">${plot}</figure>${under}`;
  return section(
    "timeline",
    "Timeline",
    beside === null
      ? "The run of the migrations on a copy, from left to right; the plots share the axis of seconds, and the tables below give the same in figures. No traffic went on beside this run."
      : `The run of the migrations while ${counted(beside.operations, "request or query", "requests and queries")} of the release that runs now went on beside it, from left to right; the plots share the axis of seconds, and the tables below give the same in figures.`,
    html`${
      plots.statements !== null &&
      figure(
        "Migrations and their statements",
        "A pale bar is a migration, a dark bar one of its statements; a red one failed.",
        plots.statements,
        beside === null || beside.longTransactions.length === 0
          ? html``
          : html`<ul class="legend short"><li>${swatch("var(--open)", "1rem")} a long transaction was open on the tables concerned, as a report or a backup has it</li></ul>`,
      )
    }
${
  plots.locks !== null &&
  figure(
    "Locks on tables",
    "Each row is a table, each bar the time for which a migration held a lock on it. The higher and redder the bar, the more of the running release has to wait.",
    plots.locks,
    html`${plots.hiddenTables > 0 && html`<p class="quiet">${counted(plots.hiddenTables, "more table")} with weaker or shorter locks: in the table below.</p>`}`,
    lockLegend(shown),
    heldLocks(shown),
  )
}
${
  plots.waits !== null &&
  figure(
    "Waits of the traffic",
    "Each line is a request or query of the release that runs now, from its start to its end; the higher, the longer it had to wait beyond its usual time. Red: above the limit, or failed (cross).",
    plots.waits,
  )
}
${beside !== null && waits(beside)}`,
  );
}

function swatch(colour: string, height: string): Html {
  return html`<span class="swatch" aria-hidden="true" style="background:${colour};height:${height}"></span>`;
}

function lockLegend(run: readonly MigrationRun[]): Html {
  const seen = new Set(run.flatMap(({ locks }) => locks.map(({ mode }) => lockRank(mode))));
  const modes = LOCK_MODES.map((mode, rank) => ({ ...mode, rank })).filter(({ rank }) => seen.has(rank));
  return html`<ul class="legend" aria-label="Strengths of locks">${modes
    .toReversed()
    .map(
      ({ mode, blocks, effect, rank }) =>
        html`<li>${swatch(`var(--lock-${rank})`, LOCK_HEIGHTS[effect])} <span><strong>${lockName(mode)}</strong> ${blocks}</span></li>`,
    )}</ul>`;
}

function heldLocks(run: readonly MigrationRun[]): Html {
  const locks = tableLocks(run);
  return folded(
    `The same as a table: ${counted(locks.length, "lock")}`,
    table(
      "Locks held on tables",
      [{ label: "Table" }, { label: "Lock" }, { label: "Effect" }, { label: "Held", number: true }, { label: "By" }],
      locks.map(({ table: name, mode, held, migrations }) => [
        html`<code>${name}</code>`,
        lockName(mode),
        lockBlocks(mode),
        duration(held),
        html`<code>${migrations.join(", ")}</code>`,
      ]),
    ),
  );
}

function waits({ waits: operations, limit }: NonNullable<MigrationRehearsal["traffic"]>): Html {
  const longest = operations.toSorted((left, right) => waited(right) - waited(left));
  if (longest.length === 0) return html`<p>No request or query had to wait.</p>`;
  return folded(
    `The same as a table: ${counted(longest.length, "wait")}, the longest first`,
    table(
      "Waits of the traffic",
      [
        { label: "Request or query" },
        { label: "At", number: true },
        { label: "Waited", number: true },
        { label: "Usual time", number: true },
        { label: "Result" },
      ],
      longest.map((operation) => [
        html`<code>${operation.operation}</code>`,
        duration(operation.start),
        duration(waited(operation)),
        duration(operation.usual),
        operation.error !== undefined
          ? html`<span class="wrong">${operation.error}</span>`
          : waited(operation) > limit
            ? badge("bad", "above the limit")
            : "answered",
      ]),
    ),
  );
}

/** What each statement cost on a copy on which nothing else went on. */
export function statements(run: readonly MigrationRun[]): Html {
  const total = run.reduce((sum, migration) => sum + migration.statements.length, 0);
  const first = new Map<MigrationRun, number>();
  let number = 1;
  for (const migration of run) {
    first.set(migration, number);
    number += migration.statements.length;
  }
  return section(
    "statements",
    "Statements in figures",
    total === 0
      ? "Nothing is listed here, as no statement was run."
      : "What each statement cost on a copy on which nothing else went on. A table that was rewritten was copied row by row, with nobody reading or writing it meanwhile; log is what the server wrote ahead (WAL) and what replicas and backups must take in.",
    html`${run.map((migration) => migrationStatements(migration, first.get(migration) ?? 1, total <= OPEN_STATEMENTS))}`,
  );
}

function migrationStatements(migration: MigrationRun, first: number, open: boolean): Html {
  const { atomic, retries, error } = migration;
  const about = [
    counted(migration.statements.length, "statement"),
    duration(migration.seconds),
    atomic ? "all or nothing (atomic)" : "not atomic: each statement stays",
    ...(retries > 0 ? [`tried again ${retries === 1 ? "once" : counted(retries, "time")} after a lock timeout`] : []),
  ].join(", ");
  const title = html`<code>${migration.migration}</code> ${error !== undefined && badge("bad", "failed")} <span class="quiet">${about}</span>`;
  const body = html`${error !== undefined && code(error)}${migration.statements.length > 0 && statementTable(migration, first)}`;
  return folded(title, body, open || error !== undefined);
}

function statementTable({ migration, statements }: MigrationRun, first: number): Html {
  return table(
    `Statements of ${migration}`,
    [
      { label: "No.", number: true },
      { label: "Statement" },
      { label: "Time", number: true },
      { label: "Rows", number: true },
      { label: "Rewritten" },
      { label: "Log", number: true },
      { label: "Size", number: true },
      { label: "New locks" },
    ],
    statements.map((statement, index) => [
      first + index,
      html`${code(statement.sql)}${statement.error !== undefined && html`<p class="wrong">${statement.error}</p>`}`,
      duration(statement.seconds),
      statement.rows === null ? "" : count(statement.rows),
      rewritten(statement),
      statement.walBytes === 0 ? "" : bytes(statement.walBytes),
      statement.sizeBytes === 0 ? "" : byteChange(statement.sizeBytes),
      html`${statement.locks.map(({ table: name, mode }) => html`<div><code>${name}</code> ${lockName(mode)}</div>`)}`,
    ]),
  );
}

function rewritten(statement: StatementRun): Html {
  return html`${statement.rewritten.map(
    ({ table: name, rows, bytes: size }) =>
      html`<div><code>${name}</code> ${counted(rows, "row")}, ${bytes(size)}</div>`,
  )}`;
}

/** What became of the database where the migrator was killed. */
export function kills(done: MigrationRehearsal["kills"]): Html {
  const migrations = [...new Set(done.map(({ migration }) => migration))];
  const bad = done.filter(({ found }) => found === "between");
  return section(
    "kills",
    "Killed on the way",
    done.length === 0
      ? "The migrations were not killed on the way in this rehearsal."
      : "On further copies the migrator was killed after one statement after the other. Good is a database that is as before the migration, or as after it. Between the two somebody must act, unless a second run goes through.",
    html`${
      done.length > 0 &&
      table(
        "Kills per migration",
        [
          { label: "Migration" },
          { label: "Kills", number: true },
          { label: "Found before", number: true },
          { label: "Found after", number: true },
          { label: "Found between", number: true },
        ],
        migrations.map((migration) => {
          const these = done.filter((kill) => kill.migration === migration);
          const found = (state: string) => these.filter((kill) => kill.found === state).length;
          return [
            html`<code>${migration}</code>`,
            these.length,
            found("before"),
            found("after"),
            found("between") === 0 ? 0 : badge("warn", String(found("between"))),
          ];
        }),
      )
    }
${bad.length > 0 && html`<ul>${bad.map(between)}</ul>`}`,
  );
}

function between({ migration, afterStatement, statements: all, resumed }: MigrationRehearsal["kills"][number]): Html {
  const then =
    resumed === undefined
      ? html`the next run was not tried`
      : resumed.ok
        ? html`the next run <strong>goes through</strong>: run the deployment again`
        : html`the next run <strong class="wrong">fails</strong>${resumed.error !== undefined && code(resumed.error)}`;
  return html`<li><code>${migration}</code>, killed after statement ${afterStatement} of ${all}: ${then}</li>`;
}

/** Whether the old release works afterwards, and whether the migrations can be taken back. */
export function back({ back: way, plan }: MigrationRehearsal): Html {
  const explanation =
    "What you can do if the new release turns out bad after its migrations: deploy the old release on the new schema, or take the migrations back first.";
  if (way === null) {
    const why = plan.length === 0 ? "There is nothing to take back." : "The way back was not tried in this rehearsal.";
    return section("back", "The way back", explanation, html`<p>${why}</p>`);
  }
  const { outgoingWorks, reversed, irreversible } = way;
  const old =
    outgoingWorks === null
      ? "There is no old release to go back to."
      : outgoingWorks
        ? "The old release works on the migrated database: it can be deployed again as it is."
        : "The old release does not work on the migrated database: deploying it again does not help by itself.";
  return section(
    "back",
    "The way back",
    explanation,
    html`<p>${old}</p>
${irreversible !== undefined && html`<p><code>${irreversible}</code> has no reverse: what lies before it cannot be taken back by a migration.</p>`}
${
  reversed.length > 0 &&
  table(
    "Migrations taken back",
    [
      { label: "Taken back" },
      { label: "Statements", number: true },
      { label: "Time", number: true },
      { label: "Result" },
    ],
    reversed.map((migration) => [
      html`<code>${migration.migration}</code>`,
      migration.statements.length,
      duration(migration.seconds),
      migration.error === undefined ? badge("good", "works") : html`<span class="wrong">${migration.error}</span>`,
    ]),
  )
}
${reversed.length > 0 && html`<p class="quiet">Taking back took ${duration(runSeconds(reversed))} in all.</p>`}`,
  );
}
