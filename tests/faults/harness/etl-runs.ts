import type { Staged } from "./staged.ts";

/** Has the ETL's account of its runs forget those of a release: now, and when the environment is put back. */
export async function forgetRuns(place: Staged, release: string): Promise<void> {
  place.onReset(() => forget(place, release));
  await forget(place, release);
}

async function forget(place: Staged, release: string): Promise<void> {
  await place.sql(`DELETE FROM etl_rejectedrow WHERE run_id IN (SELECT id FROM etl_run WHERE release = '${release}')`);
  await place.sql(`DELETE FROM etl_run WHERE release = '${release}'`);
}
