import type Docker from "dockerode";
import { runInContainer } from "../../../engine/container-command.ts";
import { isNotFound, statusCode } from "../../../engine/docker-client.ts";
import type { Finding } from "../../finding.ts";
import { moment } from "../../report/format.ts";
import type { Snapshot } from "../../snapshot/snapshot-image.ts";

/** A program that makes or restores backups, with its major version. */
export interface BackupTool {
  readonly name: string;
  /** Where it is: `container shop-production-database`. */
  readonly place: string;
  readonly major: number;
}

const TOOLS = ["pg_dump", "pg_restore", "psql"];
const ASK = TOOLS.map((tool) => `${tool} --version || echo "${tool} is missing"`).join("; ");
const DAY = 86_400_000;
/** An older copy proves nothing of the data and the schema that there are now. */
const RECENT_DAYS = 14;

/** The programs for backups in a running container; undefined where it does not run. */
export async function backupTools(docker: Docker, container: string): Promise<BackupTool[] | undefined> {
  try {
    const { output } = await runInContainer(docker, container, ["sh", "-c", ASK], "");
    return parseTools(output, `container ${container}`);
  } catch (error) {
    if (isNotFound(error) || statusCode(error) === 409) return undefined;
    throw error;
  }
}

/** Reads what `pg_dump --version` and the like say. */
export function parseTools(lines: readonly string[], place: string): BackupTool[] {
  return TOOLS.map((name) => {
    const version = lines.map((line) => new RegExp(`^${name} \\(PostgreSQL\\) (\\d+)`).exec(line)?.[1]).find(Boolean);
    return { name, place, major: Number(version ?? 0) };
  });
}

/** Tools that refuse the server, and then leave an empty backup behind where nobody looks at their exit code. */
export function toolFindings(stack: string, tools: readonly BackupTool[], serverVersion: number): Finding[] {
  const server = Math.floor(serverVersion / 10_000);
  return tools
    .filter(({ major }) => major < server)
    .map(({ name, place, major }) => ({
      id: "preflight.backup-tool",
      severity: "blocking",
      subject: `${stack}, ${name} in ${place}`,
      cause: `${major === 0 ? "it does not run there" : `it is of version ${major}`}, and the server of ${stack} is of version ${server}`,
      consequence: "It refuses a newer server: backups are empty, which nobody notices before one is needed.",
      remedy: `Install the client programs of PostgreSQL ${server} or newer, and restore a backup to try it.`,
    }));
}

/** Whether a copy of production's data was taken and restored of late: that is what a snapshot's drill does. */
export function restoreFindings(stack: string, snapshots: readonly Snapshot[], now = Date.now()): Finding[] {
  const newest = snapshots.find(({ source }) => source === stack);
  const days = newest === undefined ? undefined : Math.floor((now - Date.parse(newest.takenAt)) / DAY);
  if (days !== undefined && days <= RECENT_DAYS) return [];
  return [
    {
      id: "preflight.restore-unproven",
      severity: "note",
      subject: `copies of ${stack}'s data`,
      cause:
        newest === undefined
          ? "no snapshot of it is on the engine"
          : `the newest snapshot of it, ${newest.id}, is ${days ?? 0} days old (${moment(newest.takenAt)})`,
      consequence: "That its data can be copied and restored as it is now has not been shown from here.",
      remedy: `Take one, which is restored and compared at once: npx rehearse snapshot create --from ${stack}`,
    },
  ];
}
