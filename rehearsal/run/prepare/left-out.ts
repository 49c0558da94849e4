import { z } from "zod";
import type { Finding } from "../../finding.ts";
import { counted } from "../../report/format.ts";
import { shifts } from "./checkout.ts";

export const FILES = z.object({
  version: z.literal(1),
  environment: z.string(),
  release: z.string(),
  takenAt: z.string(),
  /** Of the project's folder in the image. */
  files: z.array(z.string()),
});

/** What a release's image had, for those after it. */
export type FilesState = z.infer<typeof FILES>;

const QUOTED = 20;
/** Folders that no process of a release looks into: tests, documents, tools. */
const ASIDE =
  /^(?:\..*|(?:.*[_-])?tests?|testing|testdata|e2e|docs?|documentation|examples?|requirements|node_modules|__pycache__|.*\.egg-info)$/i;
/** Files of the same kinds. */
const FILE_ASIDE = [
  /^(?:\..*|test_.*|.*_tests?\.py|tests\.py|conftest\.py|.*\.(?:test|spec)\.[cm]?[jt]sx?)$/i,
  /^(?:.*\.(?:md|rst|adoc)|(?:readme|licen[cs]e|copying|notice|authors|contribut\w*|change(?:s|log)|history|todo)(?:\.txt)?)$/i,
  /^(?:(?:.*\.)?Dockerfile(?:\..*)?|(?:docker-)?compose.*\.ya?ml|Makefile|justfile|Procfile|Vagrantfile|Jenkinsfile)$/i,
  /^(?:tox|pytest|mypy)\.ini$|^(?:setup\.(?:py|cfg)|noxfile\.py|fabfile\.py|ruff\.toml|pyproject\.toml)$/i,
  /^(?:.*\.lock|Pipfile|(?:.*[-_.])?(?:requirements|constraints)(?:[-_.].*)?\.(?:txt|in))$/i,
  /^(?:package(?:-lock)?\.json|pnpm-lock\.yaml|tsconfig.*\.json|.*\.config\.[cm]?[jt]s)$/i,
  // Kept beside what is made of them, or made by a run on a developer's machine.
  /\.(?:pot?|py[co]|map|log|sqlite3?|db|dump|bak|orig|rej|sw[op])$|~$/i,
];

/**
 * Files that the image of the release before had, and the checkout still has, but not the image of this release: a rule of
 * .dockerignore or a changed COPY takes them out, and the build succeeds. Of tests, documents and tools nothing is said.
 *
 * @param isInCheckout whether the checkout has a file of that path
 */
export function leftOutFindings(
  now: readonly string[],
  before: FilesState | undefined,
  isInCheckout: (file: string) => boolean,
): Finding[] {
  if (before === undefined) return [];
  const there = new Set(now);
  const known = before.files.filter(isOfRelease);
  const lost = known.filter((file) => !there.has(file) && isInCheckout(file));
  if (isMoved(lost, now, known.length)) return [];
  return [...Map.groupBy(lost, (file) => placeOf(file, now))].map(([place, files]): Finding => {
    const [first = ""] = files;
    const whole = place.endsWith("/");
    const what = files.length === 1 ? first : `${counted(files.length, "file")} in ${place || "the project's folder"}`;
    return {
      id: "prepare.left-out-file",
      severity: "blocking",
      subject: whole ? place : `${first}${files.length > 1 ? ` and ${files.length - 1} more` : ""}`,
      cause: `the image of release ${before.release} had ${what}, which the checkout still has and the image of this release has not`,
      consequence:
        "What imports, reads or renders it fails when it comes to it, and what takes it where it is there goes on without it.",
      remedy:
        "Take it out of .dockerignore, or have the Dockerfile copy it again. Where no process needs it, name the finding in rehearsal:checks.accepted.",
      evidence: files.slice(0, QUOTED),
    };
  });
}

function isOfRelease(file: string): boolean {
  const folders = file.split("/");
  const name = folders.pop() ?? "";
  return !folders.some((folder) => ASIDE.test(folder)) && !FILE_ASIDE.some((kind) => kind.test(name));
}

/** Whether most files are in the image further up or down, all by the same folders: then it is laid out otherwise. */
function isMoved(lost: readonly string[], now: readonly string[], known: number): boolean {
  return [...shifts(lost, now).values()].some((times) => times * 2 > known);
}

/** The topmost folder of a file of which the image has nothing, with a slash; else that which it was in, without. */
function placeOf(file: string, now: readonly string[]): string {
  const folders = file.split("/").slice(0, -1);
  const beginnings = folders.map((_, depth) => `${folders.slice(0, depth + 1).join("/")}/`);
  return beginnings.find((folder) => !now.some((other) => other.startsWith(folder))) ?? folders.join("/");
}
