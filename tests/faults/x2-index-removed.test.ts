import { expect } from "vitest";
import { describeFault } from "./harness/fault.ts";
import type { Staged } from "./harness/staged.ts";
import { testFaultsTogether } from "./harness/whole-environment.ts";

describeFault({
  id: "X2",
  class: "database",
  title: "an index was removed: workers starve",
  covers:
    "plans of the main queries that lost their index, and schemas that lack an index of the migrations, before load makes them slow",
});

/** Without its indexes every look at a flight's airport reads the whole table. */
function dropped(name: string, table: string, definition: string) {
  return async (place: Staged) => {
    const [found] = await place.sql<{ definition: string }>(
      `SELECT indexdef AS definition FROM pg_indexes WHERE tablename = '${table}' AND indexdef LIKE '%${definition}%'`,
    );
    const [index] = /INDEX (\S+) ON/.exec(found?.definition ?? "")?.slice(1) ?? [];
    expect(index, name).toBeDefined();
    place.onReset(() => place.sql(found?.definition ?? ""));
    await place.sql(`DROP INDEX ${index ?? ""}`);
  };
}

/** The plan of a query that pages and jobs run all the time, where there were many rows: the table, or all of an index. */
function readsTheWholeTable(query: string, table: string, whole = `Seq Scan on ${table}`) {
  return async (twin: Staged) => {
    const rows = await twin.sql<{ "QUERY PLAN": string }>(`SET enable_seqscan = off; EXPLAIN ${query}`);
    expect(rows.map((row) => row["QUERY PLAN"]).join("\n")).toContain(whole);
  };
}

testFaultsTogether([
  {
    title: "of flights by airport",
    byHand: dropped("flights by origin", "flights_flight", "(origin_id, departs_at)"),
    breaks: readsTheWholeTable(
      "SELECT * FROM flights_flight WHERE origin_id = 7 ORDER BY departs_at LIMIT 10",
      "flights_flight",
      // Its first column is the time: every entry is read for one airport.
      "Index Scan using flight_natural_key on flights_flight",
    ),
    steps: ["drift"],
    caught: { id: "drift.index", words: /index public\.\S*flight\S*/ },
  },
  {
    title: "of remarks by their state",
    byHand: dropped("remarks by status", "flights_remark", "(status, created_at"),
    breaks: readsTheWholeTable("SELECT * FROM flights_remark WHERE status = 'published'", "flights_remark"),
    steps: ["drift"],
    caught: { id: "drift.index", words: /index public\.remark_status_created_at/ },
  },
  {
    title: "of sessions by their end",
    byHand: dropped("sessions", "django_session", "(expire_date)"),
    breaks: readsTheWholeTable("SELECT * FROM django_session WHERE expire_date < now()", "django_session"),
    steps: ["drift"],
    caught: { id: "drift.index", words: /index public\.django_session_expire_date\S*/ },
  },
]);
