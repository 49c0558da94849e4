import { expect } from "vitest";
import { blocking, nextRelease, rehearse, Twin } from "./stage.ts";
import { waitsDuring } from "./waits.ts";

/** Less than each of these migrations takes on any machine. */
const LONGEST_WAIT_SECONDS = 0.5;

/** A release whose one migration, flights.0008_next, keeps the running release waiting. */
export interface WaitingSibling {
  readonly title: string;
  readonly file: string;
  /** A statement of the running release. */
  readonly statement: string;
  readonly cause: RegExp;
}

/** Shows that the statement waits on an unguarded twin, and that the rehearsal stops the release with the cause. */
export async function expectStopped({ file, statement, cause }: WaitingSibling): Promise<void> {
  const release = await nextRelease({ "flights/migrations/0008_next.py": file });
  const twin = await Twin.start();
  try {
    const waits = await waitsDuring(twin.asApplication, { request: statement }, async () => {
      expect(await twin.migrate(release)).toMatchObject({ exitCode: 0 });
    });
    expect(waits.request).toBeGreaterThan(LONGEST_WAIT_SECONDS);
  } finally {
    await twin.remove();
  }

  const result = await rehearse(release, { form: "full", longestWaitSeconds: LONGEST_WAIT_SECONDS });
  expect(result.verdict).toBe("fail");
  expect(blocking(result)).toEqual([
    { id: "migration.waits", migration: "flights.0008_next", cause: expect.stringMatching(cause) as string },
  ]);
}
