import type { Finding } from "../../finding.ts";
import { counted } from "../../report/format.ts";
import type { RunContext } from "../context.ts";
import type { RunStep } from "../step.ts";
import { databaseFindings } from "./database.ts";
import { engineFindings } from "./engine-objects.ts";
import { staticFilesFindings } from "./static-files.ts";
import { undeclaredFindings } from "./undeclared.ts";

/** Whatever runs and is not declared was in no rehearsal, and the next deployment may take it away. */
export const drift: RunStep = {
  id: "drift",
  title: "what runs is what is declared",
  run: async (context) => {
    const { declaration } = context;
    const asked = [
      engineFindings(context),
      staticFilesFindings(context),
      undeclaredFindings(context),
      databaseOrWhyNot(context),
    ];
    // Whatever fails, the throw-away server of another part must be gone before the step ends.
    await Promise.allSettled(asked);
    const parts = await Promise.all(asked);
    const compared =
      `${counted(declaration.services.length, "service")}, ${counted(declaration.containers.length, "container")}, ` +
      `${counted(declaration.networks.length, "network")}, ${counted(declaration.volumes.length, "volume")}, ` +
      `${counted(declaration.roles.length, "role")} and the schema compared`;
    return { detail: compared, findings: parts.flat() };
  },
};

/** The engine's objects are worth telling about although the database cannot be compared. */
async function databaseOrWhyNot(context: RunContext): Promise<Finding[]> {
  try {
    return await databaseFindings(context);
  } catch (error) {
    context.signal.throwIfAborted();
    const words = error instanceof Error ? error.message : String(error);
    return [
      {
        id: "drift.database-unknown",
        severity: "blocking",
        subject: `database ${context.administration.database}`,
        cause: `it cannot be compared with what is declared: ${words.split("\n")[0] ?? ""}`,
        consequence: "Whether somebody changed it by hand is not known.",
        remedy: "Mend what stands above and rehearse again.",
        evidence: words.split("\n"),
      },
    ];
  }
}
