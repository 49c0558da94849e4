import { describe, expect, it } from "vitest";
import { schemaFindings } from "../../../../rehearsal/run/preflight/schema.ts";
import { told } from "./runs.ts";

describe("the schema of production", () => {
  const column = (name: string, definition = "text") => [`column public.${name}`, definition] as const;
  const index = ["index public.flight_gate", "CREATE INDEX flight_gate ON public.flight USING btree (gate)"] as const;
  const applied = new Map([["table public.flight", "logged"], column("flight.id", "bigint true"), index]);
  const before = { catalogue: applied, version: 170004 };
  const after = new Map([...applied, column("flight.gate")]);
  const found = (...entries: readonly (readonly [string, string])[]) => ({
    catalogue: new Map([...applied, ...entries]),
    version: 170005,
  });
  const without = (name: string) => ({
    ...before,
    catalogue: new Map([...applied].filter(([object]) => object !== name)),
  });

  it("is as its migrations make it", () => {
    expect(schemaFindings("live", before, after, found())).toEqual([]);
    expect(schemaFindings("live", before, after, found(["extension pg_repack", ""]))).toEqual([]);
  });

  it("stops the release where it has already what a pending migration makes", () => {
    const [finding, ...others] = schemaFindings("live", before, after, found(column("flight.gate")));
    expect(finding).toMatchObject({ severity: "blocking", id: "preflight.schema-there" });
    expect(finding?.cause).toBe(
      "in the database of live, column public.flight.gate is there already, and a pending migration makes it",
    );
    expect(others).toEqual([]);
  });

  it("stops it where a column is gone that the code needs", () => {
    expect(told(schemaFindings("live", before, after, without("column public.flight.id")))).toEqual([
      "blocking preflight.schema-differs",
    ]);
  });

  it("stops it where a pending migration removes an index that is gone, and warns where none does", () => {
    const gone = without(index[0]);
    expect(told(schemaFindings("live", before, after, gone))).toEqual(["warning preflight.schema-undeclared"]);
    expect(told(schemaFindings("live", before, gone.catalogue, gone))).toEqual(["blocking preflight.schema-differs"]);
  });

  it("is not told of an index in another server's words", () => {
    const inOtherWords = found([index[0], "CREATE INDEX flight_gate ON flight (gate)"]);
    expect(told(schemaFindings("live", before, after, inOtherWords))).toEqual(["warning preflight.schema-undeclared"]);
    expect(schemaFindings("live", before, after, { ...inOtherWords, version: 160009 })).toEqual([]);
  });

  it("stops the release where a view reads a column that a migration alters, and where none alters it warns", () => {
    const view = found(["view public.by_hand", " SELECT flight.id\n FROM flight;"]);
    const altered = new Map([...after, column("flight.id", "uuid true")]);
    expect(told(schemaFindings("live", before, altered, view))).toEqual(["blocking preflight.schema-dependent"]);
    expect(told(schemaFindings("live", before, after, view))).toEqual(["warning preflight.schema-undeclared"]);
  });
});
