/** What looks at a release, by the short names of the catalogue of faults. */
export const DETECTORS = {
  PV: "preview: settings, plan of the migrations",
  LN: "lint of migrations",
  RH: "migrations rehearsed on a clone",
  MX: "old code on the new schema",
  RB: "way back rehearsed",
  RO: "rollout watched",
  CC: "critical checks",
  NP: "negative probe: the database away",
  IMG: "image checks",
  FT: "functional tests",
  PG: "pages and API compared with the release before",
  CD: "the release's code tried on the data that is there",
  ET: "the ETL worker beside that of the release before",
  ST: "Django's settings compared with the release before",
  DB: "database looked at",
  LG: "logs",
  DR: "drift",
  LD: "load during a deployment",
  PF: "preparation and preflight of production",
} as const;

export type Detector = keyof typeof DETECTORS;

/** Whose findings begin with what; the first that fits counts. */
const BEGINNINGS: readonly (readonly [beginning: string, detector: Detector])[] = [
  ["preview.", "PV"],
  ["migration.missing", "PV"],
  ["migration.conflict", "PV"],
  ["migration.history", "PV"],
  ["migration.lint", "LN"],
  ["migration.limits", "LN"],
  ["migration.deletes-more", "LN"],
  ["migration.", "RH"],
  ["data.", "RH"],
  ["schema.", "RH"],
  ["rehearsal.", "RH"],
  ["old-code.", "MX"],
  ["back.", "RB"],
  ["rollout.", "RO"],
  ["health.", "NP"],
  ["image.", "IMG"],
  ["prepare.unpinned", "IMG"],
  ["prepare.", "PF"],
  ["preflight.", "PF"],
  ["tests.", "FT"],
  ["pages.", "PG"],
  ["sessions.", "ST"],
  ["settings.", "ST"],
  ["code.", "CD"],
  ["etl.results", "ET"],
  ["etl.effort", "ET"],
  ["etl.standstill", "ET"],
  ["database.migrations", "CC"],
  ["database.roles", "CC"],
  ["database.", "DB"],
  ["log.", "LG"],
  ["drift.", "DR"],
  ["load.", "LD"],
];

/** The detector that a finding, or a critical check, is of. */
export function detectorOf(id: string): Detector {
  return BEGINNINGS.find(([beginning]) => id.startsWith(beginning))?.[1] ?? "CC";
}
