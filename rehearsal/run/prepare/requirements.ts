import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Finding } from "../../finding.ts";

/** A line of a requirements file that leaves open what is installed. */
export interface UnpinnedRequirement {
  /** Relative to the project's folder. */
  readonly file: string;
  readonly requirement: string;
}

const LOCKS = ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"];
const QUOTED = 12;

/** Whether what a project installs is named to the byte: the rule of `images/django`, and of a Dockerfile's own files. */
export function requirementFindings(source: string): Finding[] {
  if (!existsSync(source)) return [];
  const files = requirementFiles(source);
  if (files.length === 0) {
    if (LOCKS.some((lock) => existsSync(path.join(source, lock)))) return [];
    return [
      {
        id: "prepare.dependencies-unknown",
        severity: "warning",
        subject: source,
        cause: "neither requirements.txt, nor a file that the Dockerfile installs from, nor a lock file was found",
        consequence: "Whether two builds install the same packages is not known.",
        remedy: "Install from a file with exact versions and hashes: uv export --format requirements-txt",
      },
    ];
  }
  const unpinned = files.flatMap((file) => unpinnedRequirements(source, file, new Set()));
  const [first] = unpinned;
  if (first === undefined) return [];
  const more = unpinned.length > 1 ? ` and ${unpinned.length - 1} more` : "";
  return [
    {
      id: "prepare.unpinned",
      severity: "blocking",
      subject: `${first.file}: ${first.requirement}${more}`,
      cause: "every requirement must be one exact version with its hashes (name==version --hash=sha256:...)",
      consequence: "The next build may install other code under the same release: what was rehearsed is not what runs.",
      remedy: "Write the file with uv export --format requirements-txt, or pip-compile --generate-hashes.",
      evidence: unpinned.slice(0, QUOTED).map(({ file, requirement }) => `${file}: ${requirement}`),
    },
  ];
}

/** The files that a project's image is installed from. */
function requirementFiles(source: string): string[] {
  const dockerfile = path.join(source, "Dockerfile");
  const named = existsSync(dockerfile)
    ? namedInDockerfile(readFileSync(dockerfile, "utf8")).filter((file) => existsSync(path.join(source, file)))
    : [];
  if (named.length > 0) return named;
  return existsSync(path.join(source, "requirements.txt")) ? ["requirements.txt"] : [];
}

/** Requirements files of a project that its Dockerfile copies. */
export function namedInDockerfile(text: string): string[] {
  const lines = text.replace(/\\\n/g, " ").split("\n");
  const copied = lines
    .filter((line) => /^\s*(?:COPY|ADD)\s/i.test(line) && !/--from=/.test(line))
    .flatMap((line) => line.trim().split(/\s+/).slice(1, -1));
  return [...new Set(copied.filter((word) => /requirements[^/]*\.txt$/.test(word)))];
}

/** What a requirements file, with those that it includes, leaves open. */
function unpinnedRequirements(source: string, file: string, seen: Set<string>): UnpinnedRequirement[] {
  if (seen.has(file)) return [];
  seen.add(file);
  let text: string;
  try {
    text = readFileSync(path.join(source, file), "utf8");
  } catch {
    return [{ file, requirement: "which is included and not there" }];
  }
  const own = unpinnedLines(text).map((requirement) => ({ file, requirement }));
  const included = includedFiles(text).flatMap((name) =>
    unpinnedRequirements(source, path.posix.join(path.posix.dirname(file), name), seen),
  );
  return [...own, ...included];
}

/** The requirements of a file that are not one exact version with its hashes. */
function unpinnedLines(text: string): string[] {
  return logicalLines(text).filter((line) =>
    line.startsWith("-") ? /^(?:-e|--editable)\b/.test(line) : !/--hash=/.test(line),
  );
}

function includedFiles(text: string): string[] {
  return logicalLines(text).flatMap((line) => /^(?:-r|--requirement|-c|--constraint)[\s=]*(\S+)/.exec(line)?.[1] ?? []);
}

function logicalLines(text: string): string[] {
  return text
    .replace(/\\\r?\n/g, " ")
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}
