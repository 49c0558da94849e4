import { temporaryLabels } from "../../../engine/temporary.ts";
import { stops, withDecisions } from "../../accepted.ts";
import { askRuntime } from "../../runtime.ts";
import type { RunContext } from "../context.ts";
import { keep, keptOf } from "../kept.ts";
import type { RunStep } from "../step.ts";
import { SESSIONS, type SessionState, sessionFindings } from "./compare.ts";

const KIND = "sessions";

type Answer = Omit<SessionState, "version" | "environment" | "release" | "takenAt"> & {
  readonly honours: boolean | null;
};

/** All is well for whoever logs in anew, and everybody has to. */
export const sessions: RunStep = {
  id: "sessions",
  title: "visitors stay logged in across the release",
  run: async (context) => {
    const { environment, release, reports } = context;
    const before = (await keptOf(reports, KIND, environment, SESSIONS)).find((state) => state.release !== release);
    const { honours, ...said } = await ask(context, before?.signature ?? "");
    const now: SessionState = { version: 1, environment, release, takenAt: new Date().toISOString(), ...said };
    const findings = before === undefined ? [] : sessionFindings(now, before, honours === true);
    if (!stops(withDecisions(findings, context.accepted))) await keep(reports, KIND, now);
    return {
      detail:
        before === undefined
          ? "no release before to compare with"
          : `compared with what release ${before.release} signed`,
      findings,
    };
  },
};

/** Asks the release in a container that reaches nothing, with the key that its processes have. */
async function ask(context: RunContext, signature: string): Promise<Answer> {
  const { engine, environment, process, secrets } = context;
  const answer = await askRuntime<Answer>(engine, {
    name: `${environment}-sessions`,
    image: process.image,
    command: "sessions",
    environment: { ...process.environment, SESSIONS_SIGNATURE: signature },
    secrets,
    networks: [],
    memoryBytes: process.memoryBytes,
    labels: temporaryLabels(),
  });
  if ("said" in answer) return answer.said;
  throw new Error(["the release must say what sessions depend on:", ...answer.failed].join("\n"));
}
