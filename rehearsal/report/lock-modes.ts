/** A mode in which PostgreSQL locks a table. */
export interface LockMode {
  /** As PostgreSQL names it in `pg_locks`. */
  readonly mode: string;
  /** What it does to the running release, in plain words. */
  readonly blocks: string;
  readonly effect: "none" | "writes" | "all";
}

/** From the weakest to the strongest: https://www.postgresql.org/docs/current/explicit-locking.html */
export const LOCK_MODES: readonly LockMode[] = [
  { mode: "AccessShareLock", blocks: "blocks neither reads nor writes (taken by every read)", effect: "none" },
  { mode: "RowShareLock", blocks: "blocks neither reads nor writes (taken to lock single rows)", effect: "none" },
  { mode: "RowExclusiveLock", blocks: "blocks neither reads nor writes (taken by every write)", effect: "none" },
  {
    mode: "ShareUpdateExclusiveLock",
    blocks: "blocks neither reads nor writes, but vacuum and other migrations",
    effect: "none",
  },
  { mode: "ShareLock", blocks: "blocks writes; reads go on", effect: "writes" },
  { mode: "ShareRowExclusiveLock", blocks: "blocks writes; reads go on", effect: "writes" },
  { mode: "ExclusiveLock", blocks: "blocks writes; plain reads go on", effect: "writes" },
  { mode: "AccessExclusiveLock", blocks: "blocks reads and writes", effect: "all" },
];

const RANKS = new Map(LOCK_MODES.map(({ mode }, rank) => [mode, rank]));

/** How strong a mode is, from 0 to 7. A mode that PostgreSQL does not have today counts as the strongest. */
export function lockRank(mode: string): number {
  return RANKS.get(mode) ?? LOCK_MODES.length - 1;
}

/** The mode's name as people write it: without `Lock`, in words. */
export function lockName(mode: string): string {
  return mode
    .replace(/Lock$/, "")
    .replaceAll(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase();
}

/** What a mode does to the running release. */
export function lockBlocks(mode: string): string {
  return LOCK_MODES[lockRank(mode)]?.blocks ?? "";
}
