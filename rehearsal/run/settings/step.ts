import { z } from "zod";
import { temporaryLabels } from "../../../engine/temporary.ts";
import { stops, withDecisions } from "../../accepted.ts";
import { askRuntime } from "../../runtime.ts";
import type { RunContext } from "../context.ts";
import { keep, keptOf } from "../kept.ts";
import type { RunStep } from "../step.ts";
import { SESSIONS, sessionFindings } from "./sessions.ts";
import { tokenFindings } from "./tokens.ts";
import { VALUES, valueFindings } from "./values.ts";

const KIND = "settings";

const SETTINGS = z.object({
  version: z.literal(1),
  environment: z.string(),
  release: z.string(),
  takenAt: z.string(),
  sessions: SESSIONS,
  values: VALUES,
});

/** What Django's settings made of a release. */
type SettingsState = z.infer<typeof SETTINGS>;

interface Answer {
  readonly sessions: SettingsState["sessions"] & { readonly honours: boolean | null };
  readonly values: SettingsState["values"];
}

/** What no answer shows: all is well for whoever logs in anew, and everybody has to; all is let in, and nobody tries. */
export const settings: RunStep = {
  id: "settings",
  title: "Django's settings guard and keep as before",
  run: async (context) => {
    const { environment, release, reports } = context;
    const before = (await keptOf(reports, KIND, environment, SETTINGS)).find((state) => state.release !== release);
    const { sessions, values } = await ask(context, before?.sessions.signature ?? "");
    const { honours, ...kept } = sessions;
    const now: SettingsState = {
      version: 1,
      environment,
      release,
      takenAt: new Date().toISOString(),
      sessions: kept,
      values,
    };
    const findings =
      before === undefined
        ? []
        : [
            ...sessionFindings(kept, before.sessions, honours === true),
            ...tokenFindings(now, before),
            ...valueFindings(values, before.values),
          ];
    if (!stops(withDecisions(findings, context.accepted))) await keep(reports, KIND, now);
    return {
      detail:
        before === undefined ? "no release before to compare with" : `compared with those of release ${before.release}`,
      findings,
    };
  },
};

/** Asks the release in a container that reaches nothing, with the key that its processes have. */
async function ask(context: RunContext, signature: string): Promise<Answer> {
  const { engine, environment, process, secrets } = context;
  const answer = await askRuntime<Answer>(engine, {
    name: `${environment}-settings`,
    image: process.image,
    command: "settings",
    environment: { ...process.environment, SETTINGS_SIGNATURE: signature },
    secrets,
    networks: [],
    memoryBytes: process.memoryBytes,
    labels: temporaryLabels(),
  });
  if ("said" in answer) return answer.said;
  throw new Error(["the release must say what its settings hold:", ...answer.failed].join("\n"));
}
