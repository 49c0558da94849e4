import { FAKES } from "./fake-kinds.ts";

/** What masking may do with a column. */
export type MaskingKind = "keep" | "null" | "hash" | "shift" | `fake:${string}`;

/** Rules by `schema.table.column`, `table.column`, `table.*` or `*.column`. */
export type MaskingRules = Readonly<Record<string, MaskingKind>>;

/** One column of the source, as far as masking is concerned. */
export interface MaskedColumn {
  readonly schema: string;
  readonly table: string;
  readonly name: string;
  /** As PostgreSQL writes it. */
  readonly type: string;
  /** The type below domains, without its length: `text`, `varchar`, `uuid`, `text[]`, … */
  readonly baseType: string;
  /** Characters that the column holds; none where there is no limit. */
  readonly limit: number | undefined;
  readonly nullable: boolean;
  /** Computed from other columns: it follows them. */
  readonly generated: boolean;
  /** Part of a unique index or a primary key. */
  readonly unique: boolean;
}

const TEXT = ["text", "varchar", "bpchar", "citext"];
const NESTED = ["json", "jsonb", ...TEXT.map((type) => `${type}[]`)];
const DATES = ["date", "timestamp", "timestamptz"];

/** Whether values of the type are texts. */
export function isText(baseType: string): boolean {
  return TEXT.includes(baseType);
}

/** Whether values of the type hold texts: JSON, and lists of texts. */
export function holdsText(baseType: string): boolean {
  return NESTED.includes(baseType);
}

/** Why a kind does not fit a column, with the remedy; undefined where it fits. */
export function unsuitable(kind: MaskingKind, column: MaskedColumn): string | undefined {
  const { baseType, type } = column;
  if (kind === "keep") return undefined;
  if (column.generated) {
    return "must not be set for a generated column, which follows the columns that it is computed from. Take the rule out.";
  }
  if (kind === "null") {
    return column.nullable
      ? undefined
      : `"null" must be set for nullable columns; this one is NOT NULL. ${suggestion(column)}`;
  }
  if (kind === "hash") {
    return isText(baseType) || holdsText(baseType) || baseType === "uuid"
      ? undefined
      : `"hash" must be set for text, uuid, json or lists of text; found ${type}. ${suggestion(column)}`;
  }
  if (kind === "shift") {
    return DATES.includes(baseType)
      ? undefined
      : `"shift" must be set for date, timestamp or timestamptz; found ${type}. ${suggestion(column)}`;
  }
  if (!isText(baseType)) return `"${kind}" must be set for text; found ${type}. ${suggestion(column)}`;
  if (!column.unique) return undefined;
  return `"${kind}" must not be set for a column of a unique index, as made-up values repeat. Use hash, which keeps distinct values distinct.`;
}

/** The kind that suits a personal column best. */
export function suggestedKind({ baseType, nullable }: MaskedColumn): MaskingKind {
  if (isText(baseType) || holdsText(baseType) || baseType === "uuid") return "hash";
  if (DATES.includes(baseType)) return "shift";
  return nullable ? "null" : "keep";
}

function suggestion(column: MaskedColumn): string {
  return `Use ${suggestedKind(column)}${suggestedKind(column) === "keep" ? "" : " or keep"}.`;
}

/** Whether a text is a kind of masking. */
export function isMaskingKind(text: string): text is MaskingKind {
  return ["keep", "null", "hash", "shift", ...FAKES.map((fake) => `fake:${fake}`)].includes(text);
}
