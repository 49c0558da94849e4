import { createHash } from "node:crypto";
import { type MaskedColumn, type MaskingKind, type MaskingRules, suggestedKind, unsuitable } from "./kinds.ts";
import { DJANGO_RULES, looksPersonal } from "./personal-columns.ts";

/** Two columns that a foreign key joins, each as `schema.table.column`. */
export type JoinedColumns = readonly [string, string];

/** What is to be done with each column that is not kept as it is: kinds by `schema.table.column`. */
export type MaskingPlan = ReadonlyMap<string, MaskingKind>;

/** The name of a column in a plan. */
export function columnKey({ schema, table, name }: Pick<MaskedColumn, "schema" | "table" | "name">): string {
  return `${schema}.${table}.${name}`;
}

/**
 * Decides for each column what becomes of it.
 *
 * @throws Error with everything that is wrong: rules that meet no column or do not fit theirs, and personal columns
 *   that nobody has decided on
 */
export function planMasking(
  columns: readonly MaskedColumn[],
  rules: MaskingRules,
  joined: readonly JoinedColumns[],
): MaskingPlan {
  const faults = unknownRules(columns, rules);
  const plan = new Map<string, MaskingKind>();
  const undecided: MaskedColumn[] = [];
  for (const column of columns) {
    const rule = ruleFor(column, rules) ?? ruleFor(column, DJANGO_RULES);
    if (rule === undefined) {
      if (looksPersonal(column)) undecided.push(column);
      continue;
    }
    // A rule for a whole table means what it can: the key of a row is no free text.
    if (rule.pattern.endsWith(".*") && rule.kind !== "keep" && unsuitable(rule.kind, column) !== undefined) {
      if (looksPersonal(column)) undecided.push(column);
      continue;
    }
    const fault = unsuitable(rule.kind, column);
    if (fault !== undefined) faults.push(`${columnKey(column)} (rule "${rule.pattern}") ${fault}`);
    else if (rule.kind !== "keep") plan.set(columnKey(column), rule.kind);
  }
  faults.push(...brokenJoins(plan, joined));
  const decisions = undecided.length === 0 ? [] : [describeUndecided(undecided)];
  if (faults.length > 0 || decisions.length > 0) {
    const wrong = faults.map((fault) => `  ${fault}`);
    const head = faults.length === 0 ? [] : ["rehearsal:snapshot.masking is wrong; nothing was copied."];
    throw new Error([...head, ...wrong, ...decisions].join("\n"));
  }
  return plan;
}

/** Hash of what is done to the columns: another one for other rules. */
export function planHash(plan: MaskingPlan): string {
  const lines = [...plan].map(([column, kind]) => `${column}=${kind}`).sort();
  return createHash("sha256").update(lines.join("\n")).digest("hex").slice(0, 12);
}

/** The most specific rule that meets a column. */
function ruleFor(
  { schema, table, name }: MaskedColumn,
  rules: MaskingRules,
): { pattern: string; kind: MaskingKind } | undefined {
  for (const pattern of [`${schema}.${table}.${name}`, `${table}.${name}`, `${table}.*`, `*.${name}`]) {
    const kind = rules[pattern];
    if (kind !== undefined) return { pattern, kind };
  }
  return undefined;
}

function unknownRules(columns: readonly MaskedColumn[], rules: MaskingRules): string[] {
  return Object.keys(rules)
    .filter((pattern) => !columns.some((column) => ruleFor(column, { [pattern]: "keep" }) !== undefined))
    .map((pattern) => {
      const [table = "", column = ""] = pattern.split(".").slice(-2);
      const there = columns.filter((candidate) => candidate.table === table).map(({ name }) => name);
      const known =
        there.length > 0
          ? `table ${table} has ${there.join(", ")}`
          : `the source has ${table === "*" ? `no column ${column}` : `no table ${table}`}`;
      return `rule "${pattern}" must meet a column of the source; ${known}. Correct the rule or take it out.`;
    });
}

/** A foreign key whose two sides are masked differently could not be built. */
function brokenJoins(plan: MaskingPlan, joined: readonly JoinedColumns[]): string[] {
  return joined
    .filter(([one, other]) => (plan.get(one) ?? "keep") !== (plan.get(other) ?? "keep"))
    .map(
      ([one, other]) =>
        `${one} must be masked as ${other}, which it refers to; found ${plan.get(one) ?? "keep"} and ` +
        `${plan.get(other) ?? "keep"}. Give both the same rule.`,
    );
}

function describeUndecided(columns: readonly MaskedColumn[]): string {
  const width = Math.max(...columns.map((column) => rulePattern(column).length)) + 1;
  const lines = columns.map(
    (column) => `      ${`${rulePattern(column)}:`.padEnd(width)} ${suggestedKind(column)}  # ${column.type}`,
  );
  const count =
    columns.length === 1 ? "1 column looks personal and has" : `${columns.length} columns look personal and have`;
  return [
    `${count} no masking rule; nothing was copied. Decide on each: keep, hash, null, shift, or fake:KIND.`,
    "To paste into Pulumi.sandbox.yaml and Pulumi.production.yaml:",
    "",
    "  rehearsal:snapshot:",
    "    masking:",
    ...lines,
  ].join("\n");
}

function rulePattern({ schema, table, name }: MaskedColumn): string {
  return schema === "public" ? `${table}.${name}` : `${schema}.${table}.${name}`;
}
