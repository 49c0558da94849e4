import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Injection, USUAL_STEPS } from "./injection.ts";
import { REFERENCE } from "./production.ts";
import type { Changes } from "./stage.ts";
import type { Staged } from "./staged.ts";

/** Several changes as one: what each differs in, one after the other. */
export function together(injections: readonly Injection[]): Injection {
  const releases = injections.flatMap(({ release }) => release ?? []);
  const all = (part: "byHand" | "prepared" | "before") => async (place: Staged) => {
    for (const injection of injections) await injection[part]?.(place);
  };
  const changes = merged(releases.map((release) => release.changes ?? {}));
  const lines = releases.flatMap((release) => release.steps ?? []);
  const roles = new Set(releases.flatMap((release) => release.roles ?? []));
  const stepIds = new Set(injections.flatMap(({ steps = USUAL_STEPS }) => steps));
  return {
    ...(releases.length === 0
      ? {}
      : {
          release: {
            ...(Object.keys(changes).length === 0 ? {} : { changes }),
            ...(lines.length === 0 ? {} : { steps: lines.join("\n") }),
            variables: Object.assign({}, ...releases.map(({ variables }) => variables)) as Record<string, string>,
            ...(roles.size === 0 ? {} : { roles: [...roles] }),
          },
        }),
    steps: [...stepIds],
    ...comparedOf(injections),
    accepted: injections.flatMap(({ accepted }) => accepted ?? []),
    byHand: all("byHand"),
    prepared: all("prepared"),
    before: all("before"),
  };
}

function comparedOf(injections: readonly Injection[]): Pick<Injection, "compared"> {
  const all = injections.map(({ compared }) => compared);
  return all.includes("prepared") ? { compared: "prepared" } : all.includes(true) ? { compared: true } : {};
}

/**
 * Files of the project with the changes of all. Lines that several put in the same place stand there one after the other:
 * where that is no longer what one of them meant, its twin is not seen to break.
 */
function merged(all: readonly Changes[]): Changes {
  const texts: Record<string, string> = {};
  for (const changes of all) {
    for (const [file, text] of Object.entries(changes)) {
      const before = texts[file];
      texts[file] = before === undefined ? text : mergedText(file, before, text);
    }
  }
  return texts;
}

function mergedText(file: string, one: string, other: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), "fault-merge-"));
  try {
    const names = { one, base: readFileSync(path.join(REFERENCE, file), "utf8"), other };
    for (const [name, text] of Object.entries(names)) writeFileSync(path.join(folder, name), text);
    return execFileSync("git", ["merge-file", "--stdout", "--union", ...Object.keys(names)], {
      cwd: folder,
      encoding: "utf8",
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
