import { describe, expect, it } from "vitest";
import { isMaskingKind, type MaskedColumn, type MaskingRules } from "../../../../rehearsal/snapshot/masking/kinds.ts";
import { planHash, planMasking } from "../../../../rehearsal/snapshot/masking/masking-plan.ts";
import { looksPersonal } from "../../../../rehearsal/snapshot/masking/personal-columns.ts";

function column(place: string, baseType: string, more: Partial<MaskedColumn> = {}): MaskedColumn {
  const [schema = "", table = "", name = ""] = place.split(".");
  const facts = { type: baseType, baseType, limit: undefined, nullable: true, generated: false, unique: false };
  return { schema, table, name, ...facts, ...more };
}

function plan(columns: MaskedColumn[], rules: MaskingRules, joined: [string, string][] = []) {
  return Object.fromEntries(planMasking(columns, rules, joined));
}

describe("the masking of columns", () => {
  const people = [
    column("public.person.id", "int8", { nullable: false }),
    column("public.person.email", "varchar"),
    column("old.person.email", "varchar"),
    column("public.firm.email", "varchar"),
  ];

  it("takes the most specific rule", () => {
    expect(
      plan(people, { "*.email": "hash", "person.*": "null", "person.email": "fake:email", "old.person.email": "keep" }),
    ).toEqual({ "public.person.email": "fake:email", "public.firm.email": "hash" });
  });

  it("applies a rule for a table to the columns that it suits", () => {
    expect(plan(people.slice(0, 2), { "person.*": "hash" })).toEqual({ "public.person.email": "hash" });
  });

  it("refuses rules that meet no column, saying what there is", () => {
    expect(() => plan(people, { "*.email": "hash", "person.mail": "hash", "persons.email": "hash" })).toThrow(
      /rule "person\.mail" must meet a column of the source; table person has id, email[\s\S]*rule "persons\.email".*no table persons/,
    );
  });

  it.each([
    [{ "t.c": "shift" }, column("s.t.c", "text"), /"shift" must be set for date.*found text\. Use hash or keep/],
    [{ "t.c": "hash" }, column("s.t.c", "int4"), /"hash" must be set for text.*found int4\. Use null or keep/],
    [
      { "t.c": "null" },
      column("s.t.c", "text", { nullable: false }),
      /"null" must be set for nullable columns.*NOT NULL/,
    ],
    [
      { "t.c": "fake:email" },
      column("s.t.c", "text", { unique: true }),
      /must not be set for a column of a unique index/,
    ],
    [{ "t.c": "fake:email" }, column("s.t.c", "int4"), /"fake:email" must be set for text; found int4/],
    [{ "t.c": "hash" }, column("s.t.c", "text", { generated: true }), /must not be set for a generated column/],
  ] as [MaskingRules, MaskedColumn, RegExp][])("refuses %j", (rules, of, fault) => {
    expect(() => plan([of], rules)).toThrow(fault);
  });

  it("refuses to mask the two sides of a foreign key differently", () => {
    const columns = [column("s.a.code", "text"), column("s.b.code", "text")];
    expect(() => plan(columns, { "a.code": "hash", "b.code": "keep" }, [["s.b.code", "s.a.code"]])).toThrow(
      /s\.b\.code must be masked as s\.a\.code, which it refers to; found keep and hash/,
    );
  });

  it("refuses personal columns that nobody decided on, all at once, with rules to paste", () => {
    const undecided = [
      column("public.person.email", "varchar"),
      column("hr.staff.born_on", "date"),
      column("public.visit.ip", "inet", { nullable: false }),
    ];
    expect(() => plan(undecided, {})).toThrow(
      /3 columns look personal and have no masking rule[\s\S]*rehearsal:snapshot:\n {4}masking:\n {6}person\.email: +hash.*\n {6}hr\.staff\.born_on: +shift.*\n {6}visit\.ip: +keep/,
    );
    expect(plan(undecided, { "person.email": "keep", "staff.born_on": "shift", "*.ip": "keep" })).toEqual({
      "hr.staff.born_on": "shift",
    });
  });

  it("knows Django's own tables, and lets settings decide otherwise", () => {
    const django = [column("public.auth_user.email", "varchar"), column("public.auth_permission.name", "varchar")];
    expect(plan(django, {})).toEqual({ "public.auth_user.email": "hash" });
    expect(plan(django, { "auth_user.email": "fake:email" })).toEqual({ "public.auth_user.email": "fake:email" });
  });

  it("has another hash for other rules alone", () => {
    const of = (rules: MaskingRules) => planHash(planMasking(people, rules, []));
    expect(of({ "*.email": "hash" })).toBe(of({ "person.email": "hash", "firm.email": "hash" }));
    expect(of({ "*.email": "hash" })).not.toBe(of({ "*.email": "null" }));
  });
});

describe("columns that look personal", () => {
  it.each([
    ["first_name", "varchar"],
    ["userName", "varchar"],
    ["emailaddress", "varchar"],
    ["zip", "varchar"],
    ["phone_number", "int8"],
    ["date_of_birth", "date"],
    ["api_token", "uuid"],
    ["anything", "text"],
    ["anything", "jsonb"],
    ["anything", "text[]"],
    ["anything", "inet"],
  ])("%s %s does", (name, type) => {
    expect(looksPersonal(column(`s.t.${name}`, type))).toBe(true);
  });

  it.each([
    ["id", "int8"],
    ["status", "varchar"],
    ["message_count", "int4"],
    ["email_verified", "bool"],
    ["email_sent_at", "timestamptz"],
    ["card_id", "int8"],
    ["reference", "uuid"],
  ])("%s %s does not", (name, type) => {
    expect(looksPersonal(column(`s.t.${name}`, type))).toBe(false);
  });

  it("a generated column follows others", () => {
    expect(looksPersonal(column("s.t.full_name", "text", { generated: true }))).toBe(false);
  });
});

describe("kinds of masking", () => {
  it("are those that the settings know", () => {
    for (const kind of ["keep", "null", "hash", "shift", "fake:first-name"]) expect(isMaskingKind(kind)).toBe(true);
    for (const kind of ["drop", "fake", "fake:cat", ""]) expect(isMaskingKind(kind)).toBe(false);
  });
});
